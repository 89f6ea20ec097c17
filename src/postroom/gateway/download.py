"""The headers that make a download harmless: strangers send blobs, and the web interface's origin serves them."""

import re
from unicodedata import category
from urllib.parse import quote

_WORD = r"[a-z0-9!#$&^_.+-]{1,127}"
_VALUE = rf'(?:{_WORD}|"[\w.+=/: -]{{0,80}}")'
_MEDIA_TYPE = re.compile(rf"{_WORD}/{_WORD}(?: ?; ?{_WORD}={_VALUE}){{0,4}}", re.ASCII | re.IGNORECASE)
_BLOB_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")
# Categories of characters that no system writes, or that nobody sees. What is only unknown to this Python is neither.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
OCTETS = "application/octet-stream"
PDF = "application/pdf"
# What a browser plays. No playlists (`audio/mpegurl`): a player would request the addresses in them.
_MEDIA = frozenset(
    f"{kind}/{name}"
    for kind, names in {
        "audio": ("aac", "flac", "mp4", "mpeg", "ogg", "wav", "webm", "x-m4a", "x-wav"),
        "video": ("mp4", "ogg", "quicktime", "webm"),
    }.items()
    for name in names
)
# What a browser shows without running anything. No SVG: it may hold scripts.
_INERT = _MEDIA | {
    *("image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp", "text/plain", "text/csv", PDF)
}
# Fetch §3.7 (Sec-Fetch-Dest): what a browser shows or saves. Everything else is for code, styles and plugins.
_SHOWN_AS = frozenset({"empty", "document", "iframe", "image", "audio", "video"})
# The defaults of Stalwart's `scanBanPaths`, in lower case.
_SCANS = re.compile(r"wordpress|joomla|drupal|xmlrpc|/(?:wp-|php|cgi-bin)|\.(?:php|cgi|asp)")
_NOTHING_RUNS = "sandbox; default-src 'none'; frame-ancestors 'self'"
# Chromium's PDF viewer does not start in a sandbox. It never runs a document's scripts in the page's origin.
_PDF = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"
# A player requests the same address again. From a sandbox, that request would have another origin and no cookie.
_PLAYER = "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"


def is_blob_id(text: str) -> bool:
    """Whether this is an id by RFC 8620 §1.2: such a text cannot change a path."""
    return _BLOB_ID.fullmatch(text) is not None


def media_type(stated: str | None) -> str:
    return stated if stated and _MEDIA_TYPE.fullmatch(stated) else OCTETS


def inert_type(stated: str | None) -> str:
    """The media type if no browser runs it, else `application/octet-stream`. With `nosniff` no browser takes either for
    a script, a style or a worker of our origin, whatever a page's own rules allow."""
    found = media_type(stated)
    return found if essence(found) in _INERT else OCTETS


def taken_as_code(destination: str | None) -> bool:
    """Whether a browser wants to run or apply the download, by `Sec-Fetch-Dest`."""
    return destination is not None and destination not in _SHOWN_AS


def path_of(account_id: str, blob_id: str) -> str:
    """The path of a blob at the mail server. The client's file name is not in it: it could change the path."""
    return f"/jmap/download/{quote(account_id, safe='')}/{blob_id}/blob"


def looks_like_a_scan(path: str) -> bool:
    """Stalwart bans an address permanently for requesting such a path, unless it can read the ids in it (seen on
    0.16.19)."""
    return _SCANS.search(path.lower()) is not None


def headers_of(stated: str | None, name: str, *, inline: bool) -> dict[str, str]:
    """`stated` is the media type from the mail server. `inline` is the client's wish, granted to inert types only."""
    content_type = inert_type(stated)
    kind = essence(content_type)
    shown = inline and kind in _INERT
    return {
        "Content-Type": content_type,
        "Content-Disposition": f"{'inline' if shown else 'attachment'}; {_filename(name)}",
        "Content-Security-Policy": _policy(kind) if shown else _NOTHING_RUNS,
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        # A blob never changes (RFC 8620 §6.2), but the right to read it can.
        "Cache-Control": "private, max-age=86400, immutable",
        "Vary": "Cookie, Authorization, X-Session-Token",
    }


def _policy(kind: str) -> str:
    """The Content-Security-Policy of a blob that is shown inline."""
    if kind in _MEDIA:
        return _PLAYER
    return _PDF if kind == PDF else _NOTHING_RUNS


def essence(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _filename(name: str) -> str:
    """The file name by RFC 6266, as ASCII for old programs and in full. Neither holds a path or a control character. A
    name that every system takes is not changed: the interface shows it, and browsers save the file under it."""
    true = "".join("_" if each in '/\\:*?"<>|' or category(each) in _UNSEEN else each for each in name)[-200:]
    true = true.strip(". ") or "download"
    plain = "".join(each if each.isascii() and each != "%" else "_" for each in true)
    # A half of a surrogate pair cannot be encoded.
    encoded = quote(true.encode(errors="replace"), safe="")
    return f"filename=\"{plain}\"; filename*=UTF-8''{encoded}"
