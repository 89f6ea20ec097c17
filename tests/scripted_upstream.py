"""A scripted mail server on a socket: it records requests byte by byte, and responds as a test says.

async with scripted_upstream(json_answer({"methodResponses": []})) as server:
    ...
    assert server.asked[0].header("authorization") == "Basic x"
"""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from http_server import listening


@dataclass
class Asked:
    method: str
    target: str
    headers: list[tuple[str, str]]
    reader: asyncio.StreamReader
    body: bytearray = field(default_factory=bytearray)
    complete: bool = False

    @property
    def hung_up(self) -> bool:
        """Whether the client has closed the connection."""
        return self.reader.at_eof()

    def header(self, name: str) -> str | None:
        return dict(self.headers).get(name)

    def calls(self) -> list[list[Any]]:
        return json.loads(self.body)["methodCalls"]


Script = Callable[[Asked, asyncio.StreamWriter], Awaitable[None]]
Answer = bytes | Script


def http_answer(status: int, body: bytes = b"", **headers: str) -> bytes:
    """A response; `headers` with `_` for `-`."""
    lines = [f"HTTP/1.1 {status} Said", f"content-length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def json_answer(found: object, status: int = 200, **headers: str) -> bytes:
    headers = {"content_type": "application/json; charset=utf-8"} | headers
    return http_answer(status, json.dumps(found).encode(), **headers)


def problem_answer(status: int, kind: str = "about:blank", **more: object) -> bytes:
    return json_answer({"type": kind, "status": status, **more}, status, content_type="application/problem+json")


async def echoing(asked: Asked, writer: asyncio.StreamWriter) -> None:
    """Answer each method with its own arguments, as `Core/echo` does."""
    found: Mapping[str, Any] = {"methodResponses": asked.calls(), "sessionState": "s"}
    writer.write(json_answer(found))


async def sending(asked: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(json_answer(sending_answer(asked)))


def sending_answer(asked: Asked) -> dict[str, Any]:
    """An echo, but with the identity ann@example.org, emails from her and created ids. An email whose id begins with
    `forged` is from somebody else; what is created as `k` gets the id `id-k`."""
    body = json.loads(asked.body)
    created: dict[str, str] = dict(body.get("createdIds") or {})
    responses: list[list[Any]] = []
    for name, arguments, call_id in body["methodCalls"]:
        responses.append([name, _result(name, arguments, created, responses), call_id])
    members = {"createdIds": created} if "createdIds" in body else {}
    return {"methodResponses": responses, "sessionState": "s", **members}


def _result(
    name: str, arguments: dict[str, Any], created: dict[str, str], before: Sequence[list[Any]]
) -> dict[str, Any]:
    match name:
        case "Identity/get":
            return {"list": [{"id": "i", "email": "ann@example.org"}]}
        case "Email/get" if "blobId" in arguments.get("properties", ()):
            ids = [created[each[1:]] if each.startswith("#") else each for each in arguments["ids"]]
            return {"list": [{"id": each, "blobId": f"blob of {each}"} for each in ids]}
        case "Blob/get" if "#ids" in arguments:
            return {"list": [_blob(each["blobId"]) for each in before[-1][1]["list"]]}
        case "Email/set" | "EmailSubmission/set":
            made = {key: {"id": f"id-{key}"} for key in arguments.get("create") or {}}
            created |= {key: each["id"] for key, each in made.items()}
            return {**arguments, "created": made, "newState": "n"}
        case _:
            return arguments


def _blob(number: str) -> dict[str, Any]:
    forged = number.removeprefix("blob of ").removeprefix("id-").startswith("forged")
    author = "ceo@bank.example" if forged else "ann@example.org"
    return {"id": number, "data:asBase64": b64encode(f"From: {author}\r\n\r\n".encode()).decode()}


async def own_session(asked: Asked, writer: asyncio.StreamWriter) -> None:
    """The session of the account that `FakeAuthorization` of tests/gateway_trial.py names in its headers."""
    account = (asked.header("authorization") or "").removeprefix("Basic ").partition("-")[0]
    capabilities = {"urn:ietf:params:jmap:core": {}, "urn:ietf:params:jmap:blob": {}}
    primary = {"urn:ietf:params:jmap:mail": account}
    writer.write(json_answer({"capabilities": capabilities, "accounts": {account: {}}, "primaryAccounts": primary}))


class ScriptedUpstream:
    """`answers` (or those that `will` sets) are the responses in order; the last one repeats."""

    def __init__(self, *answers: Answer) -> None:
        self.url = ""
        self.asked: list[Asked] = []
        self.session: Script | None = None
        """answers `GET /jmap/session` in tests about something else: those requests are only in `sessions`"""
        self.sessions: list[Asked] = []
        self.open = 0
        """connections"""
        self.under_way = 0
        self.most_under_way = 0
        self.unread: list[Answer] = []
        """responses that are sent first, after the head of a request: its body is never read"""
        self._answers: list[Answer] = list(answers or [echoing])

    def will(self, *answers: Answer) -> None:
        self._answers = list(answers)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await self._exchange(head, reader, writer)
        finally:
            self.open -= 1

    async def _exchange(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, *lines = head.decode("latin-1").split("\r\n")[:-2]
        method, target, _ = first.split(" ")
        pairs = [line.partition(":") for line in lines]
        asked = Asked(method, target, [(name.lower(), value.strip()) for name, _, value in pairs], reader)
        if self.session and target == "/jmap/session":
            self.sessions.append(asked)
            await self.session(asked, writer)
            return
        self.asked.append(asked)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            if self.unread:
                await _give(self.unread.pop(0), asked, writer)
                await asyncio.Event().wait()
            await _read_body(asked, reader)
            await _give(self._answers.pop(0) if len(self._answers) > 1 else self._answers[0], asked, writer)
        finally:
            self.under_way -= 1


async def _give(answer: Answer, asked: Asked, writer: asyncio.StreamWriter) -> None:
    if isinstance(answer, bytes):
        writer.write(answer)
    else:
        await answer(asked, writer)
    await writer.drain()


async def _read_body(asked: Asked, reader: asyncio.StreamReader) -> None:
    if length := asked.header("content-length"):
        while len(asked.body) < int(length):
            asked.body += await _some(reader, int(length) - len(asked.body))
    elif asked.header("transfer-encoding") == "chunked":
        while size := int(await reader.readuntil(b"\n"), 16):
            asked.body += await reader.readexactly(size)
            await reader.readexactly(2)
        await reader.readexactly(2)
    asked.complete = True


async def _some(reader: asyncio.StreamReader, at_most: int) -> bytes:
    if chunk := await reader.read(at_most):
        return chunk
    raise asyncio.IncompleteReadError(b"", at_most)


@asynccontextmanager
async def scripted_upstream(*answers: Answer) -> AsyncIterator[ScriptedUpstream]:
    upstream = ScriptedUpstream(*answers)
    async with listening(upstream.serve) as port:
        upstream.url = f"http://127.0.0.1:{port}"
        yield upstream
