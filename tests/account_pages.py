"""The pages for signing in as a browser sees them: the built interface and Kratos behind one origin, with the real
Kratos 1.3.1 and every method of it. There is no mail: `/api/me` says that no mailbox was requested."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from built_web import require_interface
from guessing_parts import guessing
from kratos_methods import every_method
from kratos_servers import Kratos, real_kratos
from oidc_provider import OidcProvider
from postroom.api.me import me_routes
from postroom.api.self_service import SelfService, self_service_route
from postroom.api.visitor import receive_visitors, visitor_of
from postroom.kratos.public_api import KratosPublicApi
from postroom.kratos.sessions import KratosSessions
from postroom.mailboxes.preparation import MailboxRecord, Preparation, preparation_of
from postroom.people.people import PeopleByCredential
from postroom.process.clock import SystemClock
from postroom.web.interface import Interface, Place
from served_app import served

COOKIE = "ory_kratos_session"
UNUSED = {"hook_url": "http://127.0.0.1:9/internal/mail/provision", "hook_key": "nobody listens"}


@dataclass(frozen=True)
class Site:
    origin: str
    kratos: Kratos
    provider: OidcProvider | None

    def url(self, path: str) -> str:
        return self.origin + path


class _Later:
    """An application that is known only after its port is."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


class _NoAddresses:
    async def of(self, _identity_id: UUID) -> str | None:
        return None


@asynccontextmanager
async def account_site(
    folder: Path, provider: OidcProvider | None = None, *, kratos: Mapping[str, Any] | None = None, **methods: Any
) -> AsyncIterator[Site]:
    """`kratos` are arguments of `real_kratos`, `methods` those of `every_method`. Skips the test when the interface is
    not built."""
    require_interface()
    later = _Later()
    async with served(later) as port:
        # Not 127.0.0.1: a passkey belongs to a name (WebAuthn §5.1.2).
        origin = f"http://localhost:{port}"
        more = every_method(origin, provider, **methods)
        async with (
            real_kratos(folder, **UNUSED, **(kratos or {}), public_url=origin, more=more) as running,
            _application(running) as later.app,
        ):
            yield Site(origin, running, provider)


@asynccontextmanager
async def _application(kratos: Kratos) -> AsyncIterator[ASGIApp]:
    sessions = KratosSessions(kratos.public_url, SystemClock(), cookie_name=COOKIE)
    public_api = KratosPublicApi(kratos.public_url)
    people = PeopleByCredential(sessions, None, addresses=_NoAddresses(), cookie_name=COOKIE, public_url=None)  # pyright: ignore[reportArgumentType] - no tokens
    app = FastAPI(openapi_url=None, redirect_slashes=False)
    service = SelfService(
        public_api,
        people=people,
        guessing=guessing(COOKIE),
        sessions_ended=_sessions_ended,
        session_cookie=COOKIE,
        public_url=None,
    )
    app.router.routes += me_routes(visitor_of(people), _nothing_requested, forget=people.forget, disconnect=_disconnect)
    app.router.routes.append(self_service_route(service))
    app.router.default = Interface(Place(), app.router.default)
    receive_visitors(app)
    try:
        yield app
    finally:
        await asyncio.gather(public_api.aclose(), sessions.aclose())


async def _nothing_requested(identity_id: UUID) -> tuple[str | None, Preparation]:
    return None, preparation_of(MailboxRecord(identity_id, datetime.now(UTC)))


async def _disconnect(_identity_id: UUID) -> None:
    return None


async def _sessions_ended(_identity_id: UUID) -> None:
    return None
