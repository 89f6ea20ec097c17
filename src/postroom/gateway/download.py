"""The headers of a download: a blob is what a stranger sent, and it is served from the origin of the interface."""

import re
from urllib.parse import quote

_WORD = r"[a-z0-9!#$&^_.+-]{1,127}"
_VALUE = rf'(?:{_WORD}|"[\w.+=/: -]{{0,80}}")'
_MEDIA_TYPE = re.compile(rf"{_WORD}/{_WORD}(?: ?; ?{_WORD}={_VALUE}){{0,4}}", re.ASCII | re.IGNORECASE)
_BLOB_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")
OCTETS = "application/octet-stream"
PDF = "application/pdf"
# Shown without running anything. No SVG: it has scripts.
_INERT = frozenset(
    {"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp", "text/plain", "text/csv", PDF}
)
_NOTHING_RUNS = "sandbox; default-src 'none'; frame-ancestors 'self'"
# Chromium's viewer does not start in a sandbox; it runs no script of a document in the page's origin.
_PDF = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"


def is_blob_id(text: str) -> bool:
    """RFC 8620 §1.2; so no path can be built from it."""
    return _BLOB_ID.fullmatch(text) is not None


def media_type(stated: str | None) -> str:
    return stated if stated and _MEDIA_TYPE.fullmatch(stated) else OCTETS


def headers_of(content_type: str, name: str, *, inline: bool) -> dict[str, str]:
    """`inline` is what the client asks for; it is given to inert types only."""
    essence = content_type.partition(";")[0].lower()
    shown = inline and essence in _INERT
    return {
        "Content-Type": content_type,
        "Content-Disposition": f"{'inline' if shown else 'attachment'}; {_filename(name)}",
        "Content-Security-Policy": _PDF if shown and essence == PDF else _NOTHING_RUNS,
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        # A blob never changes (RFC 8620 §6.2), but who may read it can.
        "Cache-Control": "private, max-age=86400, immutable",
        "Vary": "Cookie, Authorization, X-Session-Token",
    }


def _filename(name: str) -> str:
    """RFC 6266: a plain form for old programs, and the true one. Neither has a path or a control character."""
    true = "".join(each if each.isprintable() and each not in '/\\:*?"<>|' else "_" for each in name)[-150:]
    true = true.strip(". ") or "download"
    plain = "".join(each if each.isascii() and each != "%" else "_" for each in true)
    # A half of a surrogate pair cannot be encoded.
    encoded = quote(true.encode(errors="replace"), safe="")
    return f"filename=\"{plain}\"; filename*=UTF-8''{encoded}"
