"""The URLs of a session: where our credentials go.

A server that answers on an internal address names its public one, a proxy before it another, Cyrus sends relative
references, and an attacker whatever he likes. So path and query are the session's, and scheme, host and port are those
of the configured base, from which no redirect leads away.
"""

import re
from collections.abc import Mapping
from urllib.parse import quote, urljoin, urlsplit

from postroom.jmap.errors import Unreadable

_VARIABLE = re.compile(r"\{([A-Za-z0-9_]+)\}")
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")


def origin_of(url: str) -> str:
    """Scheme, host and port, the default port left out. Raises `ValueError` for what is no http(s) URL, or carries a
    user."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise ValueError("not an http or https URL without credentials")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = "" if parts.port in (None, {"http": 80, "https": 443}[parts.scheme]) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def resolve(reference: str, against: str) -> str:
    """A URL, or a template, of the session that came from `against`, absolute, without a fragment and at the same
    origin. Raises `Unreadable` for one that may not be called."""
    if not reference or _UNSAFE.search(reference):
        raise Unreadable("mail server's session holds an empty or malformed URL")
    try:
        found = urlsplit(urljoin(against, reference))
        origin_of(found.geturl())
    except ValueError as error:
        raise Unreadable("mail server's session holds a URL that is not http or https") from error
    return origin_of(against) + (found.path or "/") + (f"?{found.query}" if found.query else "")


def redirected(location: str, url: str) -> str:
    """Where a redirect from `url` leads: nowhere but within its origin, for our credentials go with it."""
    try:
        found = urljoin(url, location)
        if not _UNSAFE.search(location) and origin_of(found) == origin_of(url):
            return found
    except ValueError:
        pass  # no URL at all
    raise Unreadable("mail server redirects to another host; give its own address as the base URL")


def expand(template: str, values: Mapping[str, str]) -> str:
    """A level 1 template (RFC 6570) with its variables, percent-encoded; those without a value are empty. Raises
    `Unreadable` for a template of a higher level."""
    url = _VARIABLE.sub(lambda found: quote(values.get(found[1], ""), safe=""), template)
    if "{" in url or "}" in url:
        raise Unreadable("mail server's session holds a URL template above level 1")
    return url
