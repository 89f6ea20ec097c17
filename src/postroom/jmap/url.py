"""The URLs of a session, to which our credentials are sent.

A server at an internal address may name its public one, a proxy another, Cyrus sends relative references, an attacker
any URL. So only path and query are taken from the session. Scheme, host and port are those of the configured base URL,
and no redirect leads away from it.
"""

import re
from collections.abc import Mapping
from urllib.parse import quote, urljoin, urlsplit

from postroom.jmap.errors import Unreadable

_VARIABLE = re.compile(r"\{([A-Za-z0-9_]+)\}")
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")


def origin_of(url: str) -> str:
    """Scheme, host and port, without a default port. Raises `ValueError` if it is not an http(s) URL, or has a user."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise ValueError("not an http or https URL without credentials")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = "" if parts.port in (None, {"http": 80, "https": 443}[parts.scheme]) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def resolve(reference: str, against: str) -> str:
    """A URL or template of the session that came from `against`, made absolute, without a fragment and at the same
    origin. Raises `Unreadable` for one that must not be requested."""
    if not reference or _UNSAFE.search(reference):
        raise Unreadable("mail server's session holds an empty or malformed URL")
    try:
        found = urlsplit(urljoin(against, reference))
        origin_of(found.geturl())
    except ValueError as error:
        raise Unreadable("mail server's session holds a URL that is not http or https") from error
    return origin_of(against) + (found.path or "/") + (f"?{found.query}" if found.query else "")


def redirected(location: str, url: str) -> str:
    """The target of a redirect from `url`, which must be within its origin: our credentials are sent there."""
    try:
        found = urljoin(url, location)
        if not _UNSAFE.search(location) and origin_of(found) == origin_of(url):
            return found
    except ValueError:
        pass  # no URL at all
    raise Unreadable("mail server redirects to another host; give its own address as the base URL")


def expand(template: str, values: Mapping[str, str]) -> str:
    """Expand a level 1 template (RFC 6570), with percent-encoded values; a variable without one is empty. Raises
    `Unreadable` for a template of a higher level."""
    url = _VARIABLE.sub(lambda found: quote(values.get(found[1], ""), safe=""), template)
    if "{" in url or "}" in url:
        raise Unreadable("mail server's session holds a URL template above level 1")
    return url
