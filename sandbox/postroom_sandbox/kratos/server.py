"""Both ports of the stand-in in one process, on loopback only."""

import asyncio
import signal
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from postroom_sandbox.kratos.admin import create_admin_app
from postroom_sandbox.kratos.public import create_public_app
from postroom_sandbox.kratos.state import State
from postroom_sandbox.kratos.web_hook import WebHook
from postroom_sandbox.loopback import LOOPBACK


class _CuttableProtocol(HttpToolsProtocol):
    """Hands the transport to the application, which cuts it for one of the faults."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {"postroom.transport": {"transport": self.transport}}


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leaves signals alone: uvicorn's own handlers would stop one of the two servers only."""
        yield


async def serve(folder: Path, *, public_port: int, admin_port: int, hook_url: str, hook_key: str) -> None:
    """Serve until SIGTERM or SIGINT, with the state in `folder`."""
    state = State(folder)
    web_hook = WebHook(state, hook_url, hook_key)
    public_app = create_public_app(state, web_hook)
    admin_app = create_admin_app(state, public_url=f"http://{LOOPBACK}:{public_port}")
    servers = [_server(public_app, public_port), _server(admin_app, admin_port)]

    def stop() -> None:
        for server in servers:
            server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    try:
        async with asyncio.TaskGroup() as group:
            for server in servers:
                group.create_task(server.serve())
    finally:
        await web_hook.close()
        state.close()


def _server(app: Starlette, port: int) -> uvicorn.Server:
    config = uvicorn.Config(
        app,
        host=LOOPBACK,
        port=port,
        http=_CuttableProtocol,
        log_level="warning",
        access_log=False,
        server_header=False,
        headers=[("Server", "Postroom's stand-in for Kratos")],
        # Idle connections stay: one closed under a client would look like a fault nobody set.
        timeout_keep_alive=600,
        timeout_graceful_shutdown=1,
    )
    return _Server(config)
