"""Applies faults to requests: a middleware around the API that leaves the control API alone."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from starlette.background import BackgroundTask
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from postroom_sandbox.http_server import cut_request, disconnected, transport_of
from postroom_sandbox.stalwart.errors import ProblemError, crowded_problem, http_problem
from postroom_sandbox.stalwart.faults import CREATE_FAULTS, NOTIFICATION_FAULTS, UPLOAD, Fault, Faults
from postroom_sandbox.stalwart.json_value import JSON, is_list, is_object

CONTROL_PREFIX = "/_sandbox/"
DELAY_KEY = "postroom.delay_ms"
"""Key in the scope: milliseconds by which the API delays its response."""
FULL_KEY = "postroom.full"
"""Key in the scope: whether the API refuses writes of the request."""
REJECT_KEY = "postroom.reject"
"""Key in the scope: the /set method whose creates the API refuses."""
CREATES_KEY = "postroom.creates"
"""Key in the scope: the fault of the accounts that the request creates."""
_UPLOADS = "/jmap/upload/"


class FaultInjection:
    """`domain_name` returns the name of a domain by its id, so that a fault's word is matched with whole addresses."""

    def __init__(
        self, app: ASGIApp, faults: Faults, counts: Counter[str], domain_name: Callable[[object], str | None]
    ) -> None:
        self._app = app
        self._faults = faults
        self._counts = counts
        self._domain_name = domain_name
        self._late = set[asyncio.Task[None]]()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(CONTROL_PREFIX):
            await self._app(scope, receive, send)
            return
        self._counts["requests"] += 1
        if not self._faults.active:
            await self._app(scope, receive, send)
            return
        if await self._cut_upload(scope, receive):
            return
        body, replay = await _read_body(receive)
        unanswered = False
        for fault in self._striking(scope, body):
            self._counts[f"fault: {fault.kind}"] += 1
            if fault.kind == "late":
                self._serve_later(fault, scope, replay)
            if await self._apply(fault, scope, receive, send):
                return
            unanswered |= fault.kind == "reset-after"
        await self._app(scope, replay, _discard if unanswered else send)
        if unanswered:
            await cut_request(scope, receive)

    async def _cut_upload(self, scope: Scope, receive: Receive) -> bool:
        """Whether the request was an upload that has been cut."""
        cuts = [fault for fault in self._faults.active if fault.kind == "cut-upload"]
        if not scope["path"].startswith(_UPLOADS) or not cuts or not self._faults.strike(cuts[0]):
            return False
        self._counts["fault: cut-upload"] += 1
        left, more = cuts[0].octets, True
        while more and left > 0:
            message = await receive()
            left -= len(message.get("body", b""))
            more = message.get("more_body", False)
        await cut_request(scope, receive)
        return True

    def _serve_later(self, fault: Fault, scope: Scope, replay: Receive) -> None:
        async def serve() -> None:
            await asyncio.sleep(fault.delay_ms / 1000)
            await self._app(scope, replay, _discard)

        task = asyncio.create_task(serve())
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    def _striking(self, scope: Scope, body: bytes) -> Iterator[Fault]:
        calls = _calls(body)
        addresses = list(self._created(calls))
        methods = {UPLOAD} if scope["path"].startswith(_UPLOADS) else {str(call[0]) for call in calls}
        for fault in self._faults.active:
            if fault.kind in NOTIFICATION_FAULTS or fault.kind == "cut-upload":
                continue
            applies = fault.word is None or any(fault.word in address for address in addresses)
            applies = applies and (fault.method is None or fault.method in methods)
            if applies and self._faults.strike(fault):
                yield fault

    def _created(self, calls: list[list[Any]]) -> Iterator[str]:
        """The addresses of the accounts that a request would create."""
        for call in calls:
            match call:
                case ["x:Account/set", {"create": creates}, _] if is_object(creates):
                    for value in filter(is_object, creates.values()):
                        yield f"{value.get('name')}@{self._domain_name(value.get('domainId'))}".lower()
                case _:
                    pass

    async def _apply(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> bool:
        """Apply the fault. True if it has ended the request."""
        match fault.kind:
            case kind if kind in CREATE_FAULTS:
                scope[CREATES_KEY] = fault
                return False
            case "refuse" | "reset-before" | "late":
                await cut_request(scope, receive)
            case "hang":
                return await self._hang(fault, receive)
            case "slow":
                scope[DELAY_KEY] = fault.delay_ms
                return False
            case "reject":
                scope[REJECT_KEY] = fault.method
                return False
            case "full":
                scope[FULL_KEY] = True
                return False
            case "reset-after":
                return False
            case _:
                await problem_response(_problem(fault), scope)(scope, receive, send)
        return True

    async def _hang(self, fault: Fault, receive: Receive) -> bool:
        """True if the client disconnects; if the fault is lifted before that, the request is served."""
        gone = asyncio.create_task(disconnected(receive))
        lifted = asyncio.create_task(self._faults.lifted(fault))
        try:
            await asyncio.wait((gone, lifted), return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                self._counts["client gone"] += 1
            return gone.done()
        finally:
            gone.cancel()
            lifted.cancel()


def problem_response(problem: ProblemError, scope: Scope) -> JSONResponse:
    """The response. It closes the connection afterwards if Stalwart does so for this problem."""
    closing = BackgroundTask(transport_of(scope).close) if problem.closes else None
    media_type = "application/problem+json"
    response = JSONResponse(problem.body, problem.status, media_type=media_type, background=closing)
    for name, value in problem.headers:
        response.headers.append(name, value)
    return response


def _problem(fault: Fault) -> ProblemError:
    match fault.kind:
        case "throttle":
            return http_problem(429, ("Retry-After", str(fault.retry_after)))
        case "limit":
            return crowded_problem()
        case "unavailable":
            return http_problem(503)
        case _:
            return http_problem(500)


def _calls(body: bytes) -> list[list[Any]]:
    """The calls of a request, as far as it is one."""
    try:
        request: JSON = json.loads(body)
        calls = request["methodCalls"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return []
    return [call for call in calls if is_list(call) and call] if is_list(calls) else []


async def _discard(message: Message) -> None:
    """A `send` that drops the response."""


async def _read_body(receive: Receive) -> tuple[bytes, Receive]:
    """The body, and a `receive` that returns it again."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return body, replay
