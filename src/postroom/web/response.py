"""A built file as an HTTP response: its coding, how long it may be kept, whether the client has it already."""

import hashlib
import re
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from postroom.web.acceptable import IDENTITY, best_coding
from postroom.web.build import FRAMES, IMMUTABLE, BuiltFile
from postroom.web.security_policy import frame_headers, is_remote, may_print

NO_STORE = {"Cache-Control": "no-store"}

_FOR_A_YEAR = {"Cache-Control": "public, max-age=31536000, immutable"}
_ASK_EACH_TIME = {"Cache-Control": "no-cache"}
_ETAG = re.compile(r'"[^"]*"')
_HTML = "text/html; charset=utf-8"


def respond(request: Request, file: BuiltFile, path: str = "", *, headers: Mapping[str, str] | None = None) -> Response:
    """The file at `path`, or a page with its `headers`, which may say how long it is kept."""
    if path.startswith(FRAMES) and file.content_type == _HTML:
        headers = frame_headers(file, remote=is_remote(path), prints=may_print(path))
    headers = dict(headers or {})
    coding = best_coding(stated(request, "accept-encoding"), file.bodies)
    # Its headers belong to it: a browser may keep those of an older answer when it hears that nothing has changed.
    etag = _etag(file, coding, headers)
    headers = {**(_FOR_A_YEAR if path.startswith(IMMUTABLE) else _ASK_EACH_TIME), **headers}
    headers |= {"ETag": etag, "Vary": "Accept-Encoding", "X-Content-Type-Options": "nosniff"}
    if _has(stated(request, "if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    coded = {} if coding == IDENTITY else {"Content-Encoding": coding}
    return Response(file.bodies[coding], headers=headers | coded | {"Content-Type": file.content_type})


def stated(request: Request, name: str) -> str:
    """The value of a header; that of repeated ones as a list (RFC 9110 §5.3)."""
    return ", ".join(request.headers.getlist(name))


def _etag(file: BuiltFile, coding: str, headers: Mapping[str, str]) -> str:
    whole = hashlib.sha256(f"{file.digest} {coding} {headers}".encode())
    return f'"{whole.hexdigest()[:32]}"'


def _has(if_none_match: str, etag: str) -> bool:
    """RFC 9110 §13.1.2, by weak comparison: a proxy that recodes makes an ETag weak."""
    return if_none_match.strip() == "*" or etag in _ETAG.findall(if_none_match)
