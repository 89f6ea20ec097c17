"""A complete mail host: the service as a process, real PostgreSQL and Valkey, and the stand-ins for Stalwart and
Kratos. A test can kill and restart each of them, which `postroom up` does not offer."""

import os
import secrets
import signal
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from http_status import is_ok
from kratos_servers import Kratos, kratos_stand_in
from postroom.stalwart.registry import StalwartRegistry
from postroom.stalwart.registry_client import StalwartClient
from postroom.stalwart.webhook import PATH
from postroom.stalwart.webhook_setup import WebhookSetup
from postroom_sandbox.data_folder import DataFolder
from postroom_sandbox.embedded_valkey import EmbeddedValkey
from postroom_sandbox.loopback import LOOPBACK, free_port
from postroom_sandbox.processes import PythonChild
from postroom_sandbox.stalwart.mail_master import LOGIN as MAIL_MASTER
from servers import Database
from stalwart_stand_in import StalwartStandIn, stalwart_stand_in

HOOK_KEY = "key-of-the-web-hook-0123456789-0123"


@dataclass(frozen=True)
class MailHost:
    """`environment` is what `postroom env` prints; `service.stop` and `service.start` restart Postroom."""

    environment: Mapping[str, str]
    service: "Service"
    valkey: EmbeddedValkey
    stalwart: StalwartStandIn
    kratos: Kratos


class Service(PythonChild):
    """`postroom serve`."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("POSTROOM_")}
        self.log = log
        super().__init__(
            "the service",
            ["-m", "postroom", "serve", "--until-eof"],
            lambda: is_ok(f"{environment['POSTROOM_URL']}/health/ready"),
            env=kept | dict(environment),
            log=log,
            stop_within=25,
        )

    def kill(self) -> None:
        """kill -9; `start` starts it again."""
        os.kill(self.pid, signal.SIGKILL)


@asynccontextmanager
async def mail_host(folder: Path, database: Database, **settings: str) -> AsyncIterator[MailHost]:
    """`settings` are further environment variables of Postroom."""
    port = free_port()
    url, webhook_key, master = f"http://{LOOPBACK}:{port}", secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    with DataFolder(folder / "data") as data:
        valkey = EmbeddedValkey(data, port=free_port())
        async with (
            stalwart_stand_in(folder, mail_master=master) as stalwart,
            kratos_stand_in(
                data.folder("kratos"), hook_url=f"{url}/internal/mail/provision", hook_key=webhook_key
            ) as kratos,
        ):
            environment = {
                "POSTROOM_URL": url,
                "POSTROOM_HOST": LOOPBACK,
                "POSTROOM_PORT": str(port),
                "POSTROOM_PUBLIC_URL": url,
                "POSTROOM_DATABASE_URL": database.service_url,
                "POSTROOM_STALWART_URL": stalwart.url,
                "POSTROOM_STALWART_API_KEY": stalwart.api_key or "",
                "POSTROOM_STALWART_WEBHOOK_KEY": HOOK_KEY,
                "POSTROOM_MAIL_MASTER": f"{MAIL_MASTER}@example.org:{master}",
                "POSTROOM_WEBHOOK_KEY": webhook_key,
                "POSTROOM_KRATOS_PUBLIC_URL": kratos.public_url,
                "POSTROOM_KRATOS_ADMIN_URL": kratos.admin_url,
                "POSTROOM_DOMAINS": "example.org",
                "POSTROOM_LOG_FORMAT": "console",
            }
            await _set_up_webhook(stalwart, f"{url}{PATH}")
            service: Service | None = None
            try:
                await valkey.start()
                environment |= {"POSTROOM_REDIS_URL": valkey.url} | settings
                service = Service(environment, folder / "service.log")
                await service.start()
                yield MailHost(environment, service, valkey, stalwart, kratos)
            finally:
                if service:
                    await service.stop()
                await valkey.stop()


async def _set_up_webhook(stalwart: StalwartStandIn, url: str) -> None:
    client = StalwartClient(stalwart.url, "Basic " + b64encode(":".join(stalwart.admin).encode()).decode())
    try:
        await WebhookSetup(client, StalwartRegistry(client, mark_domain="example.org", quota=None)).ensure(
            url, HOOK_KEY
        )
    finally:
        await client.aclose()
