"""The caller of a self-service flow: its session, its kind of client, and the URL at which it reached the stand-in."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from postroom_sandbox.kratos.addresses import addresses_of
from postroom_sandbox.kratos.error import Json
from postroom_sandbox.kratos.session import current_session
from postroom_sandbox.kratos.store import Store

CSRF_COOKIE = "csrf_token_of_the_stand_in"
FlowType = Literal["api", "browser"]


@dataclass(frozen=True, slots=True)
class Caller:
    """`flow_type` is `api` for programs and `browser` for user interfaces, whose forms carry `csrf_token` against
    forged requests. `token` is the token of `session`; both are None for a caller that is not logged in."""

    request: Request
    flow_type: FlowType
    csrf_token: str
    token: str | None
    session: Json | None
    now: datetime

    @property
    def public_url(self) -> str:
        return addresses_of(self.request).public_url(self.request)

    @property
    def home(self) -> str:
        """The page to which a browser is sent by default."""
        return addresses_of(self.request).home(self.request)

    def page(self, flow: Json) -> str:
        """The page that shows the form of a flow."""
        return f"{addresses_of(self.request).page(self.request, flow['internal']['kind'])}?flow={flow['id']}"

    def set_csrf_cookie(self, answer: Response) -> None:
        if self.csrf_token:
            answer.set_cookie(CSRF_COOKIE, self.csrf_token, httponly=True, samesite="lax")


def caller_of(store: Store, request: Request, flow_type: FlowType) -> Caller:
    now = datetime.now(UTC)
    token, session = current_session(store, request, now) or (None, None)
    # All forms of a browser share one token: a second tab must not invalidate the form of the first.
    csrf_token = request.cookies.get(CSRF_COOKIE) or secrets.token_urlsafe(32)
    return Caller(request, flow_type, csrf_token if flow_type == "browser" else "", token, session, now)
