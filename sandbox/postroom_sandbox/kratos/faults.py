"""Faults that a person or a test switches on over HTTP, on either port. They stay on until they are cleared.

curl -X PUT    http://127.0.0.1:4433/_sandbox/faults --data '{"kind": "slow", "delay_ms": 2000}'
curl -X DELETE http://127.0.0.1:4433/_sandbox/faults
curl -X PUT    http://127.0.0.1:4433/_sandbox/old-logins    # dates the login of all present sessions back by an hour
"""

import asyncio
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from pydantic import BaseModel, NonNegativeInt, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from postroom_sandbox.http_server import cut_request
from postroom_sandbox.kratos.error import Json, KratosError
from postroom_sandbox.kratos.identity import timestamp
from postroom_sandbox.kratos.store import Store

CONTROL_PREFIX = "/_sandbox/"


class Fault(StrEnum):
    DROP_HOOKS = "drop-hooks"  # sends no webhook
    REFUSE = "refuse"  # resets the connection at once; the port stays open, because the control API uses it, too
    UNAVAILABLE = "unavailable"  # responds 503
    SICK = "sick"  # as with a failed database: whoami 401, /health/ready 503, an identity of the admin API 500
    SLOW = "slow"  # responds after the delay (delay_ms)


class _Asked(BaseModel, extra="forbid"):
    kind: Fault
    delay_ms: NonNegativeInt = 1000


class FaultMiddleware:
    """Applies the faults that affect every request, except requests to the control API."""

    def __init__(self, app: ASGIApp, store: Store) -> None:
        self._app = app
        self._store = store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app
        if scope["type"] == "http" and not scope["path"].startswith(CONTROL_PREFIX):
            faults = self._store.faults()
            if Fault.SLOW in faults:
                await asyncio.sleep(faults[Fault.SLOW] / 1000)
            if Fault.REFUSE in faults:
                await cut_request(scope, receive)
                return
            if Fault.UNAVAILABLE in faults:
                app = JSONResponse(KratosError(503, f"The fault {Fault.UNAVAILABLE} is on").body, 503)
        await app(scope, receive, send)


def control_routes(store: Store) -> list[Route]:
    """The control API: it sets and clears faults, and `GET /_sandbox/state` shows them."""

    async def show(_request: Request) -> Response:
        deliveries = [
            {"identity_id": d.identity_id, "email": d.email, "attempt": d.attempt, "answer": d.answer}
            for d in store.deliveries(limit=100)
        ]
        return JSONResponse({"faults": _shown(store), "deliveries": deliveries})

    async def put(request: Request) -> Response:
        try:
            asked = _Asked.model_validate_json(await request.body())
        except ValidationError as error:
            return Response(error.json(include_url=False, include_input=False), 422, media_type="application/json")
        store.put_fault(asked.kind, asked.delay_ms)
        return JSONResponse({"faults": _shown(store)})

    async def clear(_request: Request) -> Response:
        store.clear_faults()
        return JSONResponse({"faults": []})

    async def age(_request: Request) -> Response:
        store.age_sessions(timestamp(datetime.now(UTC) - timedelta(hours=1)))
        return Response(status_code=204)

    return [
        Route(f"{CONTROL_PREFIX}old-logins", age, methods=["PUT"]),
        Route(f"{CONTROL_PREFIX}state", show, methods=["GET"]),
        Route(f"{CONTROL_PREFIX}faults", put, methods=["PUT"]),
        Route(f"{CONTROL_PREFIX}faults", clear, methods=["DELETE"]),
    ]


def _shown(store: Store) -> list[Json]:
    return [{"kind": kind, "delay_ms": delay_ms} for kind, delay_ms in store.faults().items()]
