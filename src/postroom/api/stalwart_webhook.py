"""`POST /internal/mail/stalwart`: Stalwart's webhook about new mail.

It is answered before any account is polled: while a request is in progress, Stalwart delays the next one.
"""

import math
from collections.abc import Callable, Sequence

from fastapi import Request, Response
from fastapi.routing import APIRoute

from postroom.api.body import read_at_most
from postroom.api.wrong_keys import WrongKeys
from postroom.http.problems import IN_OPENAPI, Problem, problem
from postroom.process.telemetry import STALWART_HOOKS
from postroom.stalwart.webhook import PATH, Hint, WebhookReader

SIGNATURE_HEADER = "X-Signature"
MAX_BODY = 1024 * 1024
"""Bytes; an event has about 400."""

OnHint = Callable[[Sequence[str], str | None], object]
"""Called with JMAP account ids, and the state of Email there if it is known. It must not block."""


class StalwartWebhook:
    """`reader` is None if no key is configured; then the response is 404."""

    def __init__(self, reader: WebhookReader | None, on_hint: OnHint) -> None:
        self._reader = reader
        self._on_hint = on_hint
        self._wrong_keys = WrongKeys("Stalwart", "run postroom check --fix, which gives the webhook our key")

    async def receive(self, request: Request) -> Response:
        """Receive a signed report of new mail."""
        if self._reader is None:
            raise problem("no_web_hook", "POSTROOM_STALWART_WEBHOOK_KEY is not set, so this webhook is not accepted")
        try:
            raw = await self._read(request, self._reader)
        except Problem:
            STALWART_HOOKS.labels(result="refused").inc()
            raise
        STALWART_HOOKS.labels(result="taken").inc()
        # A signed body that cannot be read is accepted, too: a repetition would not help.
        newest = {hint.account_id: hint.state for hint in sorted(self._reader.hints(raw), key=_by_change)}
        for account_id, state in newest.items():
            self._on_hint([account_id], state)
        return Response(status_code=204)

    async def _read(self, request: Request, reader: WebhookReader) -> bytes:
        raw = await read_at_most(request, MAX_BODY)
        if not reader.verifies(raw, request.headers.getlist(SIGNATURE_HEADER)):
            self._wrong_keys.count()
            detail = f"{SIGNATURE_HEADER} must be the body's HMAC-SHA256 with the key of this webhook, in base64"
            raise problem("wrong_signature", detail, headers={"WWW-Authenticate": SIGNATURE_HEADER})
        return raw


def _by_change(hint: Hint) -> float:
    """Sort the newest change of an account last, and after it hints without a change id: they may be newer."""
    return math.inf if hint.change_id is None else hint.change_id


_EVENTS = {"type": "object", "properties": {"events": {"type": "array", "items": {"type": "object"}}}}


def stalwart_webhook_route(webhook: StalwartWebhook) -> APIRoute:
    return APIRoute(
        PATH,
        webhook.receive,
        methods=["POST"],
        status_code=204,
        response_class=Response,
        responses={
            204: {"description": "Accepted"},
            401: {"description": "The signature is missing or wrong", **IN_OPENAPI},
            404: {"description": "No key is configured", **IN_OPENAPI},
            408: {"description": "The body took longer than 10 s", **IN_OPENAPI},
            413: {"description": "More than 1 MiB", **IN_OPENAPI},
        },
        openapi_extra={
            "parameters": [{"name": SIGNATURE_HEADER, "in": "header", "required": True, "schema": {"type": "string"}}],
            "requestBody": {"required": True, "content": {"application/json": {"schema": _EVENTS}}},
        },
    )
