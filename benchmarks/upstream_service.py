"""A second service of a trial, whose upstream is another mail server.

    python -m benchmarks.upstream_service

Prints its URL, and ends when its standard input is closed. It runs without the worker and most background loops. The
environment is that of the trial, with UPSTREAM_URL, UPSTREAM_SESSION (the path of the session object) and
UPSTREAM_AUTHORIZATION. Every user reads the mail of that one account.
"""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace

import uvicorn
import uvloop

from postroom.composition.mail_parts import mail_connected
from postroom.composition.parts import SERVICE_CONCURRENCY, connected
from postroom.composition.process import make_app
from postroom.gateway.limits import GatewayLimits
from postroom.gateway.upstream import Upstream, UpstreamRequest, UpstreamResponse
from postroom.mailboxes.ports import MailAccount
from postroom.mailboxes.verified_accounts import VerifiedAccounts
from postroom.postgres.mail_accounts import PostgresMailAccounts
from postroom.settings.environment import load
from postroom_sandbox.loopback import LOOPBACK


class FixedAuthorization:
    """Implements the port `MailAuthorization` with one header for everybody."""

    def __init__(self, header: str) -> None:
        self._header = header

    async def header(self, account: MailAccount) -> str:
        del account
        return self._header

    async def refused(self, account: MailAccount, header: str) -> bool:
        del account, header
        return False


class UnverifiedAccounts(VerifiedAccounts):
    """Does not look up marks: only the mail server of the trial has them."""

    async def _verify(self, account: MailAccount) -> None:
        del account


class OtherUpstream(Upstream):
    """A mail server whose session object has another path than Stalwart's."""

    @asynccontextmanager
    async def send(self, account: MailAccount, request: UpstreamRequest) -> AsyncGenerator[UpstreamResponse]:
        if request.target == "/jmap/session":
            request = replace(request, target=os.environ["UPSTREAM_SESSION"])
        async with super().send(account, request) as response:
            yield response


async def main() -> None:
    upstream = OtherUpstream(
        os.environ["UPSTREAM_URL"], FixedAuthorization(os.environ["UPSTREAM_AUTHORIZATION"]), GatewayLimits()
    )
    listener = socket.create_server((LOOPBACK, 0))
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), ended.set)
    async with connected(load(), concurrency=SERVICE_CONCURRENCY) as parts, mail_connected(parts) as mail:
        if mail is None:
            raise SystemExit("this trial is not configured for mail")
        accounts = UnverifiedAccounts(PostgresMailAccounts(parts.pool), parts.inspection.lookup)
        app = make_app(parts, replace(mail, accounts=accounts, upstream=upstream))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, server_header=False))
        # Access tokens are cached only while it listens.
        listening = asyncio.create_task(mail.streams.run(ended))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        print(f"http://{LOOPBACK}:{listener.getsockname()[1]}", flush=True)
        await ended.wait()
        server.should_exit = True
        await asyncio.gather(serving, listening)
    await upstream.aclose()


if __name__ == "__main__":
    uvloop.run(main())
