"""procrastinate behind FastAPI: Postroom's webhook, written on this queue.

    BENCH_PORT=… BENCH_HOOK_KEY=… BENCH_POOL_SIZE=… python -m benchmarks.peers.procrastinate_service

It has the same uvicorn settings as Postroom, compares the key in constant time, limits the body, and checks its JSON
for the required fields. It responds when the job is committed.

It follows the documentation of procrastinate on deferring: the asynchronous connector, opened in FastAPI's lifespan
(howto/basics/worker), and a pool in which callers do not wait (discussions, "Mind the size of your PostgreSQL pool").
Deferring in batches (howto/basics/batch_defer) does not apply: each hook waits for its own commit.
"""
# pyright: reportMissingImports=false, reportFunctionMemberAccess=false

import asyncio
import hmac
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

import uvicorn
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from procrastinate import App, PsycopgConnector
from pydantic import BaseModel, Field, ValidationError

from benchmarks.peers import driver

KEY = os.environ["BENCH_HOOK_KEY"].encode()
POOL_SIZE = int(os.environ["BENCH_POOL_SIZE"])
MAX_BODY = 64 * 1024
BODY_WITHIN = 10.0
HOUR = timedelta(hours=1)

queue = App(
    connector=PsycopgConnector(conninfo=os.environ["BENCH_DATABASE_URL"], min_size=POOL_SIZE, max_size=POOL_SIZE)
)


@queue.task(name="provision")
async def provision(identity_id: str, email: str) -> None:
    """Never runs: only accepting is measured."""


class Traits(BaseModel):
    email: Annotated[str, Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")]


class Identity(BaseModel):
    id: UUID
    traits: Traits


class HookBody(BaseModel):
    identity: Identity


async def webhook(request: Request) -> Response:
    if not hmac.compare_digest(request.headers.get("X-Postroom-Key", "").encode(), KEY):
        raise HTTPException(401, "send the webhook key")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(415, "send JSON")
    raw = await read_at_most(request, MAX_BODY)
    try:
        identity = HookBody.model_validate(json.loads(raw)).identity
    except (ValidationError, ValueError, RecursionError):
        raise HTTPException(400, "the body is not a hook") from None
    later = provision.configure(schedule_at=datetime.now(UTC) + HOUR)
    await later.defer_async(identity_id=str(identity.id), email=identity.traits.email)
    return JSONResponse({"success": False, "message": "will be provisioned"}, status_code=202)


async def read_at_most(request: Request, limit: int) -> bytes:
    stated = request.headers.get("content-length", "")
    if stated.isascii() and stated.isdigit() and int(stated[:12]) > limit:
        raise HTTPException(413, "the body is too large")
    raw = bytearray()
    try:
        async with asyncio.timeout(BODY_WITHIN):
            async for chunk in request.stream():
                raw += chunk
                if len(raw) > limit:
                    raise HTTPException(413, "the body is too large")
    except TimeoutError:
        raise HTTPException(408, "the body did not arrive in time") from None
    return bytes(raw)


async def live() -> Response:
    return Response()


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    async with queue.open_async():
        yield


def main() -> None:
    driver.end_with_parent()
    # Like Postroom: without a schema, and without FastAPI's check for telemetry in each request.
    app = FastAPI(
        lifespan=lifespan,
        openapi_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.add_api_route("/internal/mail/provision", webhook, methods=["POST"], response_class=JSONResponse)
    app.add_api_route("/health/live", live)
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(os.environ["BENCH_PORT"]),
        loop="uvloop",
        http="httptools",
        ws="none",
        log_config=None,
        access_log=False,
        backlog=256,
        server_header=False,
        proxy_headers=False,
    )


if __name__ == "__main__":
    main()
