"""Blob/get and Blob/upload (RFC 9404)."""

import base64
import binascii
import hashlib

from postroom_sandbox.stalwart.errors import MethodError, ProblemError, SetError
from postroom_sandbox.stalwart.jmap_settings import UploadQuota
from postroom_sandbox.stalwart.json_pointer import created_id
from postroom_sandbox.stalwart.json_value import JSON, is_count, is_list, is_object
from postroom_sandbox.stalwart.mail.blobs import Blobs, upload_id
from postroom_sandbox.stalwart.mail.data_type import MailCall, invalid
from postroom_sandbox.stalwart.standard_methods import Outcome, check_number, objects

_DIGESTS = {"digest:sha": "sha1", "digest:sha-256": "sha256", "digest:sha-512": "sha512"}
_MAX_SOURCES = 16
_MAX_BYTES = 7_499_488


class BlobMethods:
    def __init__(self, blobs: Blobs, quota: UploadQuota) -> None:
        self._blobs = blobs
        self._quota = quota

    def get(self, call: MailCall, arguments: JSON) -> JSON:
        asked: list[str] = arguments.get("ids") or []
        check_number(len(asked))
        properties: list[str] = arguments.get("properties") or ["data", "size"]
        offset, length = arguments.get("offset") or 0, arguments.get("length")
        if not is_count(offset) or not (length is None or is_count(length)):
            raise MethodError("invalidArguments", "offset and length must be whole numbers")
        response: JSON = {"list": [], "notFound": []}
        for text in (created_id(text, call.created) for text in asked):
            content = self._blobs.read(call.access, text)
            if content is None:
                response["notFound"].append(text)
            else:
                response["list"].append({"id": text} | _shown(content, properties, offset, length))
        return response

    def upload(self, call: MailCall, arguments: JSON) -> JSON:
        creates = objects(arguments, "create")
        check_number(len(creates))
        outcome = Outcome(call.created)
        outcome.create(creates.items(), lambda value: self._create(call, value))
        return outcome.response

    def _create(self, call: MailCall, value: JSON) -> JSON:
        sources = value.get("data")
        if not is_list(sources) or len(sources) > _MAX_SOURCES or not all(map(is_object, sources)):
            raise invalid("data", description="Give up to 16 data sources.")
        content = b"".join(self._source(call, source) for source in sources)
        if len(content) > _MAX_BYTES:
            raise SetError("tooLarge", "The blob is too large.")
        if not call.access.may("unlimitedUploads"):
            try:
                self._quota.count(call.account, len(content))
            except ProblemError as refusal:
                raise SetError("overQuota", str(refusal)) from None
        kind = value.get("type") or "application/octet-stream"
        return {"id": upload_id(self._blobs.upload(call.account, content)), "type": kind, "size": len(content)}

    def _source(self, call: MailCall, source: JSON) -> bytes:
        try:
            match source:
                case {"data:asText": str(text)}:
                    return text.encode()
                case {"data:asBase64": str(text)}:
                    return base64.b64decode(text, validate=True)
                case {"blobId": str(text)}:
                    content = self._blobs.read(call.access, created_id(text, call.created))
                    offset, length = source.get("offset") or 0, source.get("length")
                    end = offset + length if length is not None else len(content or b"")
                    if content is None or not 0 <= offset <= end <= len(content):
                        raise SetError("blobNotFound", "There is no such blob, or no such part of it.", notFound=[text])
                    return content[offset:end]
                case _:
                    raise invalid("data", description="A data source is text, base64 or a blob.")
        except (binascii.Error, UnicodeError, TypeError):
            raise invalid("data", description="A data source cannot be read.") from None


def _shown(content: bytes, properties: list[str], offset: int, length: int | None) -> JSON:
    """The data is the requested range of the blob; the size is the size of the whole blob."""
    piece = content[offset:] if length is None else content[offset : offset + length]
    is_cut = offset > len(content) or (length is not None and offset + length > len(content))
    shown: JSON = {"isTruncated": True} if is_cut else {}
    for name in properties:
        if name == "size":
            shown[name] = len(content)
        elif name in _DIGESTS:
            shown[name] = base64.b64encode(hashlib.new(_DIGESTS[name], piece).digest()).decode()
        elif name == "data:asBase64":
            shown[name] = base64.b64encode(piece).decode()
        elif name in ("data", "data:asText"):
            shown |= _as_text(piece, fallback=name == "data")
        else:
            raise MethodError("invalidArguments", f"Unknown property {name}")
    return shown


def _as_text(piece: bytes, *, fallback: bool) -> JSON:
    try:
        return {"data:asText": piece.decode()}
    except UnicodeDecodeError:
        return {"isEncodingProblem": True} | (
            {"data:asBase64": base64.b64encode(piece).decode()} if fallback else {"data:asText": None}
        )
