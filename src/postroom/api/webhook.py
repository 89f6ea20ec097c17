"""`POST /internal/mail/provision`: the hook that Kratos calls after a registration."""

import hmac
import time
from collections.abc import Callable, Collection, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute

from postroom.api.body import read_at_most, require_json
from postroom.api.hook_body import MAX_BODY, HookBody, claimed_identity, mailbox_of, parse
from postroom.api.load_shedding import LoadShedding
from postroom.api.wrong_keys import WrongKeys
from postroom.domain.identity import Refusal
from postroom.domain.request import Origin
from postroom.errors import DatabaseUnavailable, Refused, Stopping
from postroom.http.problems import CLOSE, IN_OPENAPI, Problem, problem
from postroom.process.telemetry import DATABASE_ERRORS, HOOK_SECONDS, HOOKS, log
from postroom.provisioning.accept import Accept, Held, Missing, Ready, Rejected, WillRetry
from postroom.provisioning.ports import Refusals

PATH = "/internal/mail/provision"
KEY_HEADER = "X-Postroom-Key"
FIX_KEY = "write the key of POSTROOM_WEBHOOK_KEY into Kratos' registration-hook.yml, and restart Kratos"
WILL_RETRY = {"success": False, "message": "Provisioning failed, will retry..."}


@dataclass(frozen=True, slots=True)
class HookPolicy:
    """All `keys` are accepted (for rotation). `domains` and `reserved` restrict the addresses. `at_once` hooks are
    served at the same time, and further ones are shed."""

    keys: Sequence[str]
    domains: Collection[str]
    reserved: Collection[str]
    retry_after_seconds: int
    at_once: int


class Webhook:
    def __init__(self, accept: Accept, refusals: Refusals, policy: HookPolicy) -> None:
        self._accept = accept
        self._refusals = refusals
        self.policy = policy
        self._keys = [key.encode() for key in policy.keys]
        self._wrong_keys = WrongKeys("Kratos", FIX_KEY)

    async def provision(self, request: Request) -> Response:
        """Provision the mailbox of an identity."""
        started = time.monotonic()
        try:
            response = await self._respond(request)
        except Problem as error:
            response = error.response()
        HOOKS.labels(status=str(response.status_code)).inc()
        HOOK_SECONDS.observe(time.monotonic() - started)
        return response

    async def _respond(self, request: Request) -> Response:
        if not self._knows(request.headers.get(KEY_HEADER, "")):
            self._wrong_keys.count()
            headers = {"WWW-Authenticate": KEY_HEADER}
            raise problem("wrong_key", f"send the webhook key in the header {KEY_HEADER}", headers=headers)
        require_json(request)
        raw = await read_at_most(request, MAX_BODY)
        again = {"Retry-After": str(self.policy.retry_after_seconds)}
        try:
            return await self._provision(raw, _origin_of(request))
        except Stopping:
            detail = "the service is stopping; nothing was stored, send the hook again later"
            raise problem("stopping", detail, headers=again | CLOSE) from None
        except DatabaseUnavailable as error:
            DATABASE_ERRORS.labels(where="webhook").inc()
            log.error("Hook not stored: PostgreSQL is unavailable", error=str(error))
            detail = "the database is unavailable; nothing was stored, send the hook again later"
            raise problem("not_stored", detail, headers=again) from None

    async def _provision(self, raw: bytes, origin: Origin) -> Response:
        try:
            body = parse(raw)
            log.info(
                f"Received provisioning webhook for Kratos identity: {body.identity.id}",
                request_id=origin.request_id,
                trigger_id=origin.trigger_id,
                traceparent=origin.traceparent,
            )
            mailbox = mailbox_of(body, domains=self.policy.domains, reserved=self.policy.reserved)
        except Refused as error:
            identity_id, email = claimed_identity(raw)
            await self._refusals.record([Refusal(identity_id, email, error.code, str(error))], origin)
            log.warning("Refused a provisioning webhook", code=error.code, identity_id=identity_id and str(identity_id))
            if identity_id and (ready := await self._accept.existing(identity_id)):
                return _ready(ready.email, ready.account_id)
            raise problem(error.code, str(error)) from None
        match await self._accept(mailbox, origin):
            case Ready(email, account_id):
                return _ready(email, account_id)
            case WillRetry():
                return JSONResponse(WILL_RETRY, status_code=500)
            case Held(reason):
                raise problem("conflict", reason)
            case Missing(reason):
                raise problem("mailbox_missing", reason, status=409)
            case Rejected(reason):
                raise problem("rejected_by_mail_server", reason)

    def _knows(self, key: str) -> bool:
        given = key.encode("utf-8", "surrogateescape")
        # All keys are compared, so that the time does not reveal which one is close.
        return bool(sum([hmac.compare_digest(given, known) for known in self._keys]))


def _ready(email: str, account_id: UUID) -> JSONResponse:
    return JSONResponse(
        {
            "success": True,
            "message": f"Email account provisioned for {email}",
            "email_account_id": str(account_id),
        }
    )


def _origin_of(request: Request) -> Origin:
    def header(name: str) -> str | None:
        value = request.headers.get(name)
        # For log and audit: only if it is printable and short.
        return value if value and len(value) <= 128 and value.isascii() and value.isprintable() else None

    return Origin(
        trigger_id=header("Ory-Webhook-Trigger-Id"),
        request_id=header("Ory-Webhook-Request-Id"),
        traceparent=header("traceparent"),
    )


def shed_load(app: FastAPI, webhook: Webhook) -> None:
    """Make `app` shed the hooks that exceed the limit of `webhook`."""
    policy = webhook.policy
    app.add_middleware(LoadShedding, path=PATH, limit=policy.at_once, retry_after=policy.retry_after_seconds)


class _RequestRoute(APIRoute):
    """Passes the request to the endpoint: FastAPI would solve its dependencies first, and it has none."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        return self.endpoint


def webhook_route(webhook: Webhook) -> APIRoute:
    return _RequestRoute(
        PATH,
        webhook.provision,
        methods=["POST"],
        response_class=JSONResponse,
        responses=_RESPONSES,
        openapi_extra={
            "parameters": [{"name": KEY_HEADER, "in": "header", "required": True, "schema": {"type": "string"}}],
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": HookBody.model_json_schema()}},
            },
        },
    )


_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The mailbox exists"},
    400: {"description": "The body cannot be read", **IN_OPENAPI},
    401: {"description": "The key is missing or wrong", **IN_OPENAPI},
    408: {"description": "The body did not arrive in time; nothing was stored", **IN_OPENAPI},
    409: {
        "description": "Another identity holds the address, the request is a dead letter, or the mailbox is missing",
        **IN_OPENAPI,
    },
    413: {"description": "More than 64 KiB", **IN_OPENAPI},
    415: {"description": "Not JSON", **IN_OPENAPI},
    422: {"description": "Refused; it does not help to send it again", **IN_OPENAPI},
    500: {"description": "Stored; it will be retried. With a problem: an unhandled error, perhaps not stored"},
    503: {
        "description": "PostgreSQL is unavailable, too many hooks are in progress, or the service is stopping: not "
        "stored; Retry-After says when to try again",
        **IN_OPENAPI,
    },
}
