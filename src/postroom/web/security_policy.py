"""The headers that confine pages and frames: Content-Security-Policy (CSP3), Trusted Types, Permissions-Policy.

As headers, not as `<meta>`: that cannot say `frame-ancestors`, and does not know the host that `frame-src` needs.
"""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from postroom.web.build import FRAMES, BuiltFile

TITLE_STYLE = "'sha256-S8qMpvofolR8Mpjy4kQvEm7m1q8clzU4dfDH0AmvZjo='"
"""The style attribute of `#svelte-announcer`, by which SvelteKit tells screen readers the title of a new page."""

TRUSTED_TYPES = ("svelte-trusted-html", "dompurify", "postroom-worker")
"""Policies that may make HTML of text: of Svelte's templates, and of sanitized mail. The last one makes the address of
our service worker, whatever it is given. Nothing may make a script."""

_REMOTE = (f"{FRAMES}frame-remote.", f"{FRAMES}frame-print-remote.")
"""The frames that may load remote pictures, after the person's consent."""

_PRINT = (f"{FRAMES}frame-print.", f"{FRAMES}frame-print-remote.")
"""The frames from which messages are printed."""

_PERMISSIONS = {
    "publickey-credentials-get": "(self)",
    "publickey-credentials-create": "(self)",
    **dict.fromkeys(("camera", "display-capture", "geolocation", "microphone", "midi", "payment", "usb"), "()"),
}
_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::[1-9][0-9]{0,4})?")
"""CSP3 §2.3.1 host-source: it knows no IPv6 address."""


def page_headers(page: BuiltFile, *, public_url: str | None, host: str, connects: Sequence[str]) -> dict[str, str]:
    """`host`: the Host header. `connects`: origins besides our own to which the page may connect."""
    rules = {
        "default-src": "'none'",
        "script-src": _sources("'self'", *page.scripts),
        "style-src": "'self'",
        "style-src-attr": _sources("'unsafe-hashes'", TITLE_STYLE),
        "img-src": "'self' data: blob:",
        "connect-src": _sources("'self'", *connects),
        "worker-src": "'self'",
        "manifest-src": "'self'",
        "frame-src": _frames(public_url, host),
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": _sources(*TRUSTED_TYPES),
    }
    return {
        "Content-Security-Policy": _policy(rules),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": ", ".join(f"{name}={allowed}" for name, allowed in _PERMISSIONS.items()),
        "Referrer-Policy": "same-origin",
    }


def frame_headers(frame: BuiltFile, *, remote: bool, prints: bool) -> dict[str, str]:
    """`sandbox` without `allow-same-origin`: the origin is null even if somebody opens the frame's address. To open the
    dialog for printing, a document must be allowed modal dialogs; only our script is there to open one."""
    rules = {
        "default-src": "'none'",
        "script-src": _sources(*frame.scripts) or "'none'",
        "style-src": "'unsafe-inline'",  # a mail's own styles, in a document that holds nothing else
        "img-src": "data: blob: https:" if remote else "data: blob:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'self'",
        "sandbox": "allow-scripts allow-modals" if prints else "allow-scripts",
    }
    return {
        "Content-Security-Policy": _policy(rules),
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-DNS-Prefetch-Control": "off",
    }


def is_remote(path: str) -> bool:
    """Whether the frame at this path may load remote pictures."""
    return path.startswith(_REMOTE)


def may_print(path: str) -> bool:
    """Whether the frame at this path may open the dialog for printing."""
    return path.startswith(_PRINT)


def _frames(public_url: str | None, host: str) -> str:
    """Only the frames for messages. `'self'` would let a mail show any other address of ours in its frame (by a meta
    refresh); it remains for a host that a policy cannot name. A source without a scheme stands for that of the page."""
    if public_url:
        parts = urlsplit(public_url)
        host, scheme = parts.netloc.rpartition("@")[2], f"{parts.scheme}://"
    else:
        scheme = ""
    return f"{scheme}{host.lower()}{FRAMES}" if _HOST.fullmatch(host.lower()) else "'self'"


def _sources(*sources: str) -> str:
    return " ".join(sources)


def _policy(rules: dict[str, str]) -> str:
    return "; ".join(f"{name} {value}" for name, value in rules.items())
