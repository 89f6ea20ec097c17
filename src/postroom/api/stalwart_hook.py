"""`POST /internal/mail/stalwart`: Stalwart's web hook about new mail.

Answered before anything is looked at: while one is under way, Stalwart holds back the next.
"""

import math
from collections.abc import Callable, Sequence

from fastapi import APIRouter, Request, Response

from postroom.api.problems import problem
from postroom.api.raw_body import TooSlow, read_at_most
from postroom.stalwart.web_hook import PATH, Hint, WebHook
from postroom.telemetry import STALWART_HOOKS

SIGNATURE_HEADER = "X-Signature"
MAX_BODY = 1024 * 1024
"""Bytes; an event has about 400."""

Hinted = Callable[[Sequence[str], str | None], object]
"""Told JMAP ids of accounts, and the state that Email has there if it is known; it must not wait for anything."""


class StalwartHook:
    """`web_hook` is None where no key is configured: then there is nothing here."""

    def __init__(self, web_hook: WebHook | None, hinted: Hinted) -> None:
        self._web_hook = web_hook
        self._hinted = hinted

    async def receive(self, request: Request) -> Response:
        """New mail was delivered."""
        if self._web_hook is None:
            return problem(404, "POSTROOM_STALWART_WEBHOOK_KEY is not set, so no web hook is taken", code="no_web_hook")
        answer = await self._answer(request, self._web_hook)
        STALWART_HOOKS.labels(result="taken" if answer.status_code == 204 else "refused").inc()
        return answer

    async def _answer(self, request: Request, web_hook: WebHook) -> Response:
        try:
            raw = await read_at_most(request, MAX_BODY)
        except TooSlow as error:
            return problem(408, str(error), code="too_slow", headers={"Connection": "close"})
        if raw is None:
            return problem(
                413, f"the body is larger than {MAX_BODY} bytes", code="too_large", headers={"Connection": "close"}
            )
        if not web_hook.verifies(raw, request.headers.getlist(SIGNATURE_HEADER)):
            return problem(
                401,
                f"{SIGNATURE_HEADER} must be the body's HMAC-SHA256 by the key of this web hook, in base64",
                code="wrong_signature",
                headers={"WWW-Authenticate": SIGNATURE_HEADER},
            )
        # A body that is signed but cannot be read is taken, too: sent again, it would not be better.
        newest = {hint.account_id: hint.state for hint in sorted(web_hook.hints(raw), key=_by_change)}
        for account_id, state in newest.items():
            self._hinted([account_id], state)
        return Response(status_code=204)


def _by_change(hint: Hint) -> float:
    """The newest change of an account last, and after it what is known of none: it may be newer still."""
    return math.inf if hint.change_id is None else hint.change_id


def stalwart_hook_router(hook: StalwartHook) -> APIRouter:
    router = APIRouter()
    router.add_api_route(
        PATH,
        hook.receive,
        methods=["POST"],
        status_code=204,
        response_class=Response,
        responses={
            204: {"description": "Taken"},
            401: {"description": "No signature, or a wrong one"},
            404: {"description": "No key is configured"},
            408: {"description": "The body took longer than 10 s"},
            413: {"description": "More than 1 MiB"},
        },
        openapi_extra={
            "parameters": [{"name": SIGNATURE_HEADER, "in": "header", "required": True, "schema": {"type": "string"}}]
        },
    )
    return router
