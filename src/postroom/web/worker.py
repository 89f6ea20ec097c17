"""The service worker, which keeps the interface in browsers; and how they are rid of it."""

import hashlib

from postroom.web.acceptable import IDENTITY
from postroom.web.build import BuiltFile

PATH = "/service-worker.js"

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; connect-src 'self'; require-trusted-types-for 'script'",
    "Referrer-Policy": "same-origin",
}
"""It asks our own origin for files, and loads no other script."""

_FAREWELL = b"""\
addEventListener('install', () => skipWaiting())
addEventListener('activate', (event) => {
  const emptied = caches.keys().then((names) => Promise.all(names.map((name) => caches.delete(name))))
  event.waitUntil(emptied.finally(() => registration.unregister()))
})
"""
FAREWELL = BuiltFile(
    "text/javascript; charset=utf-8", {IDENTITY: _FAREWELL}, hashlib.sha256(_FAREWELL).hexdigest()[:32]
)
"""Takes the place of a worker, deletes what was kept, and goes. A browser that gets 404 instead would keep its worker.
An interface without a worker has to answer with this one for as long as browsers may have one."""
