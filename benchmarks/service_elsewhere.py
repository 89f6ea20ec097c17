"""The service of a trial once more, whose people have their mail on another mail server: for benchmarks.

    python -m benchmarks.service_elsewhere     prints its URL; ends with its standard input

It is all of the service but its worker and most of what runs beside it. The environment is the trial's, and
UPSTREAM_URL, UPSTREAM_SESSION (the path of its session) and UPSTREAM_AUTHORIZATION: everybody's mail is that one
person's.
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
from postroom.gateway.upstream import Ask, Upstream, UpstreamResponse
from postroom.mail.ports import MailAccount
from postroom.mail.verified_accounts import VerifiedAccounts
from postroom.postgres.mail_accounts import PostgresMailAccounts
from postroom.settings import load
from postroom_sandbox.loopback import LOOPBACK


class OnePerson:
    """The port `MailAuthorization`."""

    def __init__(self, header: str) -> None:
        self._header = header

    async def header(self, account: MailAccount) -> str:
        del account
        return self._header

    async def refused(self, account: MailAccount, header: str) -> bool:
        del account, header
        return False


class Believed(VerifiedAccounts):
    """No mark is looked for: only the trial's own mail server has them."""

    async def _verify(self, account: MailAccount) -> None:
        del account


class Elsewhere(Upstream):
    """Where the session has another path than Stalwart's."""

    @asynccontextmanager
    async def ask(self, account: MailAccount, ask: Ask) -> AsyncGenerator[UpstreamResponse]:
        if ask.target == "/jmap/session":
            ask = replace(ask, target=os.environ["UPSTREAM_SESSION"])
        async with super().ask(account, ask) as answer:
            yield answer


async def main() -> None:
    upstream = Elsewhere(os.environ["UPSTREAM_URL"], OnePerson(os.environ["UPSTREAM_AUTHORIZATION"]), GatewayLimits())
    listener = socket.create_server((LOOPBACK, 0))
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), ended.set)
    async with connected(load(), concurrency=SERVICE_CONCURRENCY) as parts, mail_connected(parts) as mail:
        if mail is None:
            raise SystemExit("this trial has no mail for people")
        accounts = Believed(PostgresMailAccounts(parts.pool), parts.inspection.lookup)
        app = make_app(parts, replace(mail, accounts=accounts, upstream=upstream))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, server_header=False))
        # Access tokens are remembered while it listens.
        listening = asyncio.create_task(mail.streams.run(ended))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        print(f"http://{LOOPBACK}:{listener.getsockname()[1]}", flush=True)
        await ended.wait()
        server.should_exit = True
        await asyncio.gather(serving, listening)
    await upstream.aclose()


if __name__ == "__main__":
    uvloop.run(main())
