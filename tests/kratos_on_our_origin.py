"""Kratos behind our own route for its flows, as browsers reach it."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

from fastapi import FastAPI

from guessing_parts import guessing
from kratos_browser import COOKIE
from kratos_servers import Kratos
from postroom.api.self_service import SelfService, self_service_route
from postroom.api.visitor import receive_visitors
from postroom.errors import NoSession
from postroom.kratos.public_api import PATH, KratosPublicApi
from postroom.people.ports import Visitor
from postroom_sandbox.loopback import LOOPBACK, free_port
from served_app import served


class Nobody:
    """Nobody's sessions are listed or ended here."""

    async def identify(self, method: str, headers: Mapping[str, str], *, refresh: bool = False) -> Visitor:
        raise NoSession("nobody is signed in")

    def forget(self, headers: Mapping[str, str]) -> None:
        pass


@asynccontextmanager
async def kratos_on_our_origin(
    server: Callable[..., AbstractAsyncContextManager[Kratos]], folder: Path, **settings: Any
) -> AsyncIterator[Kratos]:
    """Its public URL is the path on our origin. Whoever connects is a proxy of ours, and says for whom."""
    port = free_port()
    ours = f"http://{LOOPBACK}:{port}"
    hook_url = f"{ours}/internal/mail/provision"
    async with server(folder, hook_url=hook_url, hook_key="key of the hook", public_url=ours, **settings) as running:
        api = KratosPublicApi(running.public_url)
        service = SelfService(
            api,
            people=Nobody(),
            guessing=guessing(COOKIE),
            sessions_ended=AsyncMock(),
            session_cookie=COOKIE,
            public_url=ours,
            proxies=[ip_network(LOOPBACK)],
        )
        app = FastAPI()
        app.router.routes.append(self_service_route(service))
        receive_visitors(app)
        async with served(app, port=port):
            yield replace(running, public_url=f"{ours}{PATH}")
        await api.aclose()
