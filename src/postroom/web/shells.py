"""Which page of the interface answers an address. The pages are shells: their script shows what the address names."""

from postroom.web.acceptable import asks_for_page
from postroom.web.build import INDEX

MAIL = "mail.html"

NEVER = (
    "/.ory",
    "/.well-known",
    "/_app",
    "/api",
    "/connection",  # Centrifugo, behind the same proxy
    "/health",
    "/internal",
    "/jmap",
    "/mail/config-v1.1.xml",
    "/metrics",
)
"""Never a page at or below these: a program would take it for an answer, and an old tab run HTML as a script."""

_NOT_UTF_8 = "\N{REPLACEMENT CHARACTER}"
"""In place of such bytes of an address. The script of a page could not read them, and would show nothing."""


def shell_of(path: str, accept: str) -> str | None:
    """The file name of the page; None if there is none at this address, or if none is asked for. `/` and `/mail` also
    answer a client that does not ask for HTML, such as `curl`."""
    if _NOT_UTF_8 in path or any(_is_below(path, place) for place in NEVER):
        return None
    if _is_below(path, "/mail"):
        return MAIL
    return INDEX if path == "/" or asks_for_page(accept) else None


def _is_below(path: str, place: str) -> bool:
    return path == place or path.startswith(f"{place}/")
