"""`POST /internal/mail/stalwart`: Stalwart's web hook about new mail.

Answered before anything is looked at: while one is under way, Stalwart holds back the next.
"""

import math
from collections.abc import Callable, Sequence

from fastapi import Request, Response
from fastapi.routing import APIRoute

from postroom.api.body import read_at_most
from postroom.problems import IN_OPENAPI, Problem, problem
from postroom.stalwart.web_hook import PATH, Hint, WebHook
from postroom.telemetry import STALWART_HOOKS

SIGNATURE_HEADER = "X-Signature"
MAX_BODY = 1024 * 1024
"""Bytes; an event has about 400."""

Hinted = Callable[[Sequence[str], str | None], object]
"""Told JMAP ids of accounts, and the state that Email has there if it is known; it must not wait for anything."""


class StalwartWebhook:
    """`web_hook` is None where no key is configured: then there is nothing here."""

    def __init__(self, web_hook: WebHook | None, hinted: Hinted) -> None:
        self._web_hook = web_hook
        self._hinted = hinted

    async def receive(self, request: Request) -> Response:
        """New mail was delivered."""
        if self._web_hook is None:
            raise problem("no_web_hook", "POSTROOM_STALWART_WEBHOOK_KEY is not set, so no web hook is taken")
        try:
            raw = await self._read(request, self._web_hook)
        except Problem:
            STALWART_HOOKS.labels(result="refused").inc()
            raise
        STALWART_HOOKS.labels(result="taken").inc()
        # A body that is signed but cannot be read is taken, too: sent again, it would not be better.
        newest = {hint.account_id: hint.state for hint in sorted(self._web_hook.hints(raw), key=_by_change)}
        for account_id, state in newest.items():
            self._hinted([account_id], state)
        return Response(status_code=204)

    async def _read(self, request: Request, web_hook: WebHook) -> bytes:
        raw = await read_at_most(request, MAX_BODY)
        if not web_hook.verifies(raw, request.headers.getlist(SIGNATURE_HEADER)):
            detail = f"{SIGNATURE_HEADER} must be the body's HMAC-SHA256 by the key of this web hook, in base64"
            raise problem("wrong_signature", detail, headers={"WWW-Authenticate": SIGNATURE_HEADER})
        return raw


def _by_change(hint: Hint) -> float:
    """The newest change of an account last, and after it what is known of none: it may be newer still."""
    return math.inf if hint.change_id is None else hint.change_id


_EVENTS = {"type": "object", "properties": {"events": {"type": "array", "items": {"type": "object"}}}}


def stalwart_webhook_route(hook: StalwartWebhook) -> APIRoute:
    return APIRoute(
        PATH,
        hook.receive,
        methods=["POST"],
        status_code=204,
        response_class=Response,
        responses={
            204: {"description": "Taken"},
            401: {"description": "No signature, or a wrong one", **IN_OPENAPI},
            404: {"description": "No key is configured", **IN_OPENAPI},
            408: {"description": "The body took longer than 10 s", **IN_OPENAPI},
            413: {"description": "More than 1 MiB", **IN_OPENAPI},
        },
        openapi_extra={
            "parameters": [{"name": SIGNATURE_HEADER, "in": "header", "required": True, "schema": {"type": "string"}}],
            "requestBody": {"required": True, "content": {"application/json": {"schema": _EVENTS}}},
        },
    )
