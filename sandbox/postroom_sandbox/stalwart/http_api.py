"""The HTTP endpoints of Stalwart's API: authentication and the limits of an account around JMAP requests."""

import asyncio
from collections import Counter

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from postroom_sandbox.stalwart import ids, jmap, permissions
from postroom_sandbox.stalwart.admission import Admission
from postroom_sandbox.stalwart.errors import jmap_problem, limit_problem
from postroom_sandbox.stalwart.fault_injection import CREATES_KEY, DELAY_KEY, FULL_KEY, REJECT_KEY
from postroom_sandbox.stalwart.json_value import JSON
from postroom_sandbox.stalwart.mail import Mail
from postroom_sandbox.stalwart.registry import Registry
from postroom_sandbox.stalwart.session_object import CORE, session


class HttpApi:
    """Its handlers raise ProblemError. `counts` counts the requests and methods, `latency_ms` delays each response."""

    def __init__(
        self,
        admission: Admission,
        registry: Registry,
        mail: Mail,
        counts: Counter[str],
        public_url: str,
        latency_ms: int,
    ) -> None:
        self._admission = admission
        self._registry = registry
        self._mail = mail
        self._counts = counts
        self._public_url = public_url
        self._latency_ms = latency_ms

    def routes(self) -> list[Route]:
        return [
            Route("/.well-known/jmap", self._well_known, methods=["GET"]),
            Route("/jmap/session", self._session, methods=["GET"]),
            Route("/api/account", self._account, methods=["GET"]),
            Route("/jmap/", self._jmap, methods=["POST"]),
            Route("/jmap", self._jmap, methods=["POST"]),
        ]

    async def _respond(self, request: Request, body: JSON) -> Response:
        if delay_ms := self._latency_ms + request.scope.get(DELAY_KEY, 0):
            await asyncio.sleep(delay_ms / 1000)
        return JSONResponse(body, media_type="application/json; charset=utf-8")

    async def _well_known(self, request: Request) -> Response:
        return Response(status_code=307, headers={"Location": "/jmap/session"})

    async def _session(self, request: Request) -> Response:
        self._counts["GET /jmap/session"] += 1
        if "authorization" not in request.headers:
            return await self._respond(request, session(None, self._public_url))
        with self._admission.admitted(request) as access:
            return await self._respond(request, session(access, self._public_url))

    async def _account(self, request: Request) -> Response:
        self._counts["GET /api/account"] += 1
        with self._admission.admitted(request) as access:
            person = access.account != ids.RECOVERY_ADMIN
            listed = permissions.listed(access.permissions, person=person)
            body = {"permissions": listed, "edition": "oss", "locale": "en_US" if person else "POSIX"}
            return await self._respond(request, body)

    async def _jmap(self, request: Request) -> Response:
        with self._admission.admitted(request) as access:
            if not request.headers.get("content-type", "application/json").startswith("application/json"):
                detail = "Failed to parse JSON: The Content-Type header must be application/json."
                raise jmap_problem("notJSON", detail)
            body = await request.body()
            if len(body) > CORE["maxSizeRequest"]:
                raise limit_problem("maxSizeRequest")
            envelope = jmap.parse(body)
            self._counts.update(envelope.methods())
            refusing = jmap.Refusing(
                request.scope.get(FULL_KEY, False), request.scope.get(REJECT_KEY), request.scope.get(CREATES_KEY)
            )
            response = await jmap.execute(envelope, self._registry, self._mail, access, refusing)
            return await self._respond(request, response)
