"""Upload and download of blobs over HTTP (RFC 8620 §6)."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from postroom_sandbox.stalwart import ids
from postroom_sandbox.stalwart.admission import Admission
from postroom_sandbox.stalwart.errors import http_problem, limit_problem
from postroom_sandbox.stalwart.fault_injection import FULL_KEY
from postroom_sandbox.stalwart.jmap_settings import UploadQuota
from postroom_sandbox.stalwart.mail.blobs import upload_id
from postroom_sandbox.stalwart.mail.jmap_mail import Mail
from postroom_sandbox.stalwart.session_object import CORE

_ANYTHING = "application/octet-stream"


class BlobTransfer:
    """As in Stalwart, every caller may upload to every account: a program in front of it must check the account."""

    def __init__(self, admission: Admission, mail: Mail, quota: UploadQuota) -> None:
        self._admission = admission
        self._mail = mail
        self._quota = quota

    def routes(self) -> list[Route]:
        return [
            Route("/jmap/upload/{account}", self._upload, methods=["POST"]),
            Route("/jmap/upload/{account}/", self._upload, methods=["POST"]),
            Route("/jmap/download/{account}/{blob}/{name:path}", self._download, methods=["GET"]),
        ]

    async def _upload(self, request: Request) -> Response:
        with self._admission.uploading(request) as access:
            account = ids.decode(request.path_params["account"])
            if account is None:
                raise http_problem(404)
            content = await _body(request)
            if not access.may("unlimitedUploads"):
                self._quota.count(account, len(content))
            if request.scope.get(FULL_KEY, False):
                raise http_problem(500)
            self._mail.folders.ensure(account)
            blob = upload_id(self._mail.blobs.upload(account, content))
        kind = request.headers.get("content-type", _ANYTHING)
        response = {"accountId": ids.encode(account), "blobId": blob, "type": kind, "size": len(content)}
        return JSONResponse(response, media_type="application/json; charset=utf-8")

    async def _download(self, request: Request) -> Response:
        """The response has the requested type: a program that passes it to a browser must decide which are safe."""
        with self._admission.admitted(request) as access:
            content = self._mail.blobs.read(access, request.path_params["blob"])
        if content is None:
            raise http_problem(404)
        headers = {
            "Content-Type": request.query_params.get("accept") or _ANYTHING,
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(request.path_params['name'])}",
            "Cache-Control": "private, immutable, max-age=31536000",
        }
        return Response(content, headers=headers)


async def _body(request: Request) -> bytes:
    """The body of the request. Raises ProblemError as soon as it is too large."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > CORE["maxSizeUpload"]:
            raise limit_problem("maxSizeUpload")
    return bytes(content)
