"""`postroom up`: everything on this machine, with stand-ins for what is not configured; `postroom env`."""

import asyncio
import json
import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx2
import typer
from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from postroom.cli.json_output import json_text
from postroom.composition.parts import authorization
from postroom.domain.address import normalise_domain
from postroom.errors import ConfigurationError, MailServerError
from postroom.postgres.migrate import role_of, upgrade
from postroom.settings import load
from postroom.stalwart.registry import StalwartRegistry
from postroom.stalwart.registry_client import StalwartClient
from postroom.stalwart.web_hook import PATH as HOOK_PATH
from postroom.stalwart.web_hook_setup import WebHookSetup
from postroom.store_urls import require_database_url
from postroom.telemetry import configure_logging
from postroom_sandbox.data_folder import DEFAULT_DATA_FOLDER, DataFolder
from postroom_sandbox.embedded_postgres import EmbeddedPostgres
from postroom_sandbox.embedded_valkey import EmbeddedValkey
from postroom_sandbox.loopback import LOOPBACK, free_port, require_port
from postroom_sandbox.processes import PythonChild, Supervisor
from postroom_sandbox.stalwart.mail_master import LOGIN as MAIL_MASTER

STAND_IN = "stand-in on this machine"
EXAMPLE_ID = "8b9e4c7a-c3d6-4dae-a06a-acb8a03ece9a"


def up(data: Path, port: int, domains: Sequence[str], *, fresh: bool, welcome: bool) -> None:
    configure_logging(json=False, level="WARNING")
    try:
        served = tuple(normalise_domain(each) for each in domains)
        trial = Trial(DataFolder(data), port, served, fresh=fresh, welcome=welcome)
        asyncio.run(trial.run())
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def env(data: Path, *, as_json: bool) -> None:
    environment: dict[str, str] = DataFolder(data).read_trial()["environment"]
    if as_json:
        typer.echo(json_text(environment))
        return
    for name, value in environment.items():
        typer.echo(f"export {name}={shlex.quote(value)}")


class Trial:
    """The parts of one trial, started in order."""

    def __init__(self, data: DataFolder, port: int, domains: tuple[str, ...], *, fresh: bool, welcome: bool) -> None:
        self._data = data
        self._port = port
        self._domains = domains
        self._fresh = fresh
        self._welcome = welcome
        self._environment: dict[str, str] = {}
        self._where: list[tuple[str, str]] = []
        self._console = Console(stderr=False)

    async def run(self) -> None:
        if "POSTROOM_URL" in os.environ:
            raise ConfigurationError(
                "this shell holds the addresses of a trial (postroom env); they would be taken for servers of yours: "
                "use another shell"
            )
        require_port(self._port, "The service", "--port")
        with self._data:
            async with Supervisor() as supervisor:
                if self._fresh:
                    await self._start_over()
                for start in (self._database, self._redis, self._stalwart, self._kratos, self._service):
                    self._console.print(f"starting: {start.__name__.strip('_')}", style="dim")
                    await start(supervisor)
                self._data.write_trial({"environment": self._environment})
                self._tell()
                await supervisor.wait()
            self._console.print("Stopped; the data stay in " + str(self._data.path))

    async def _start_over(self) -> None:
        await EmbeddedPostgres(self._data).remove()
        await EmbeddedValkey(self._data).remove()
        self._data.clear()

    async def _database(self, supervisor: Supervisor) -> None:
        if url := os.environ.get("POSTROOM_DATABASE_URL"):
            owner_url = os.environ.get("POSTROOM_MIGRATE_DATABASE_URL") or url
            _require(url, "POSTROOM_DATABASE_URL")
            _require(owner_url, "POSTROOM_MIGRATE_DATABASE_URL")
            self._where.append(("PostgreSQL", "yours (POSTROOM_DATABASE_URL)"))
        else:
            postgres = EmbeddedPostgres(self._data)
            await supervisor.start(postgres)
            url, owner_url = postgres.service_url, postgres.owner_url
            self._where.append(("PostgreSQL 18", f"embedded, {LOOPBACK}:{postgres.port}"))
        await asyncio.to_thread(upgrade, owner_url, role_of(url))
        self._environment["POSTROOM_DATABASE_URL"] = url

    async def _redis(self, supervisor: Supervisor) -> None:
        url = os.environ.get("POSTROOM_REDIS_URL")
        if url is None:
            valkey = EmbeddedValkey(self._data)
            await supervisor.start(valkey)
            url = valkey.url
            self._where.append(("Valkey 9", f"embedded, {LOOPBACK}:{valkey.port}"))
        else:
            self._where.append(("Redis", "yours (POSTROOM_REDIS_URL)" if url else "none: PostgreSQL alone reminds"))
        self._environment["POSTROOM_REDIS_URL"] = url

    async def _stalwart(self, supervisor: Supervisor) -> None:
        if url := os.environ.get("POSTROOM_STALWART_URL"):
            self._environment["POSTROOM_STALWART_URL"] = url
            self._environment["POSTROOM_STALWART_API_KEY"] = os.environ.get("POSTROOM_STALWART_API_KEY", "")
            self._where.append(("Stalwart", f"yours, {url}"))
            return
        port, lmtp_port, key = free_port(), free_port(), "API_" + self._data.secret("stalwart-api-key")
        url = f"http://{LOOPBACK}:{port}"
        arguments = ["-m", "postroom_sandbox.stalwart", "--until-eof", "--public-url", url]
        arguments += ["--welcome"] if self._welcome else []
        arguments += ["--state", str(self._data.folder("stalwart")), "--port", str(port), "--lmtp-port", str(lmtp_port)]
        arguments += [part for domain in self._domains for part in ("--domain", domain)]
        admin, master = self._data.secret("stalwart-admin-password"), self._data.secret("stalwart-mail-master")
        secrets = {"STAND_IN_KEY": key, "STAND_IN_ADMIN": admin, "STAND_IN_MASTER": master}
        await supervisor.start(
            PythonChild(
                "the stand-in for Stalwart",
                arguments,
                _answers(f"{url}/_sandbox/state"),
                env=os.environ | secrets,
                log=self._data.log("stalwart"),
            )
        )
        self._environment["POSTROOM_STALWART_URL"] = url
        self._environment["POSTROOM_STALWART_API_KEY"] = key
        self._environment["POSTROOM_MAIL_MASTER"] = f"{MAIL_MASTER}@{self._domains[0]}:{master}"
        self._environment["POSTROOM_STALWART_WEBHOOK_KEY"] = self._data.secret("stalwart-webhook-key")
        self._where.append(("Stalwart", f"{STAND_IN}, {url}/_sandbox/"))
        self._where.append(("", f"mail comes in by LMTP at {LOOPBACK}:{lmtp_port}"))
        await self._web_hook(url, admin)

    async def _web_hook(self, stalwart_url: str, admin_password: str) -> None:
        """As the stand-in's administrator, let it tell the service of new mail."""
        client = StalwartClient(stalwart_url, authorization(f"admin:{admin_password}"))
        registry = StalwartRegistry(client, mark_domain=self._domains[0], quota=None)
        key = self._environment["POSTROOM_STALWART_WEBHOOK_KEY"]
        try:
            await WebHookSetup(client, registry).ensure(f"http://{LOOPBACK}:{self._port}{HOOK_PATH}", key)
        except MailServerError as error:
            # A fault of the trial stays on over a restart, and most often the hook of the last time is there still.
            self._where.append(
                ("", f"its web hook could not be looked at ({error}); event streams tell of new mail, too")
            )
        finally:
            await client.aclose()

    async def _kratos(self, supervisor: Supervisor) -> None:
        self._environment["POSTROOM_WEBHOOK_KEY"] = os.environ.get("POSTROOM_WEBHOOK_KEY") or self._data.secret(
            "webhook-key"
        )
        configured = os.environ.get("POSTROOM_KRATOS_PUBLIC_URL"), os.environ.get("POSTROOM_KRATOS_ADMIN_URL")
        if any(configured):
            public_url, admin_url = (url or "" for url in configured)
            self._where.append(("Kratos", f"yours, {public_url or admin_url}"))
        else:
            public, admin = free_port(), free_port()
            public_url, admin_url = f"http://{LOOPBACK}:{public}", f"http://{LOOPBACK}:{admin}"
            arguments = ["-m", "postroom_sandbox.kratos", "--until-eof", "--state", str(self._data.folder("kratos"))]
            arguments += ["--public-port", str(public), "--admin-port", str(admin)]
            arguments += ["--hook-url", f"http://{LOOPBACK}:{self._port}/internal/mail/provision"]
            key = {"POSTROOM_WEBHOOK_KEY": self._environment["POSTROOM_WEBHOOK_KEY"]}
            await supervisor.start(
                PythonChild(
                    "the stand-in for Kratos",
                    arguments,
                    _answers(f"{public_url}/health/ready"),
                    env=os.environ | key,
                    log=self._data.log("kratos"),
                )
            )
            self._where.append(("Kratos", f"{STAND_IN}, {public_url}/registration"))
        self._environment["POSTROOM_KRATOS_PUBLIC_URL"] = public_url
        self._environment["POSTROOM_KRATOS_ADMIN_URL"] = admin_url

    async def _service(self, supervisor: Supervisor) -> None:
        url = f"http://{LOOPBACK}:{self._port}"
        self._environment["POSTROOM_URL"] = url
        self._environment["POSTROOM_DOMAINS"] = os.environ.get("POSTROOM_DOMAINS") or ",".join(self._domains)
        defaults = {"POSTROOM_LOG_FORMAT": "console"}
        self._environment |= {"POSTROOM_HOST": LOOPBACK, "POSTROOM_PORT": str(self._port), "POSTROOM_PUBLIC_URL": url}
        environment = defaults | dict(os.environ) | self._environment
        load(environment)  # a wrong setting is told here, in one line, not in the child's log
        log = self._data.log("service")
        service = PythonChild(
            "the service",
            ["-m", "postroom", "serve", "--until-eof"],
            _answers(f"{url}/health/ready"),
            env=environment,
            log=log,
            stop_within=25,
        )
        await supervisor.start(service)
        self._where += [("Postroom", url), ("", f"its log: {log}")]

    def _tell(self) -> None:
        table = Table(show_header=False, box=None, padding=(0, 2))
        for part, place in self._where:
            table.add_row(f"[bold]{part}[/]", place)
        self._console.print(Panel(table, title="Postroom is up", subtitle="Ctrl-C stops everything"))
        self._console.print("Four things to try, in another terminal:\n", style="bold")
        for title, command in self._examples():
            self._console.print(f"# {title}", style="dim", highlight=False, soft_wrap=True)
            # Not wrapped: what is copied from a narrow terminal must still run.
            self._console.print(command + "\n", soft_wrap=True, highlight=False, markup=False)

    def _examples(self) -> list[tuple[str, str]]:
        environment = self._environment
        domain = environment["POSTROOM_DOMAINS"].partition(",")[0]
        email = f"alice@{domain}"
        postroom = ".venv/bin/postroom" if Path(".venv/bin/postroom").exists() else "postroom"
        data = "" if self._data.path == DEFAULT_DATA_FOLDER.resolve() else f" --data {self._data.path}"
        prefix = f'eval "$({postroom} env{data})"; ' if data else ""
        body = json.dumps({"identity": {"id": EXAMPLE_ID, "traits": {"email": email}}})
        hook = (
            f"curl -sS {environment['POSTROOM_URL']}/internal/mail/provision -H 'Content-Type: application/json'"
            f" -H 'X-Postroom-Key: {environment['POSTROOM_WEBHOOK_KEY']}' -d '{body}'"
        )
        return [
            ("register: what Kratos sends after a registration", hook),
            ("see what happened to that identity", f"{prefix}{postroom} log {email}"),
            (
                "make the mail server fail for addresses with a word in them (off again: sandbox fault off)",
                f"{postroom} sandbox fault fail --word should-fail{data}",
            ),
            (
                f"send mail; to see it come in, register as you@{domain} at"
                f" {environment['POSTROOM_KRATOS_PUBLIC_URL']}/registration, and then open"
                f" {environment['POSTROOM_URL']}/api/live in the same browser",
                f'{postroom} sandbox deliver you@{domain} --subject "Good morning"{data}',
            ),
        ]


def _require(url: str, name: str) -> None:
    """Raises `ConfigurationError`: it is used before all settings are read."""
    try:
        require_database_url(url)
    except ValueError as error:
        raise ConfigurationError(f"{name}: {error}") from None


def _answers(url: str) -> Any:
    """A probe: does this URL answer 200?"""

    async def probe() -> bool:
        try:
            async with httpx2.AsyncClient(timeout=2, trust_env=False) as client:
                return (await client.get(url)).status_code == 200
        except httpx2.HTTPError:
            return False

    return probe
