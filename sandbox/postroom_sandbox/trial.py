"""`postroom up` runs everything on this machine, with stand-ins for what is not configured. `postroom env` prints the
addresses."""

import asyncio
import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx2
import typer
from rich.console import Console

from postroom.cli.control_characters import escape_control
from postroom.cli.environment import load_and_warn
from postroom.cli.json_output import json_text
from postroom.composition.parts import authorization
from postroom.domain.address import normalise_domain
from postroom.errors import ConfigurationError, MailServerError
from postroom.kratos.public_api import PATH as KRATOS_PATH
from postroom.postgres.migrate import role_of, upgrade
from postroom.process.telemetry import configure_logging
from postroom.settings.environment import given, load
from postroom.settings.mail_configuration import missing_for_mail
from postroom.settings.wrong_setting import PREFIX
from postroom.stalwart.registry import StalwartRegistry
from postroom.stalwart.registry_client import StalwartClient
from postroom.stalwart.webhook import PATH as HOOK_PATH
from postroom.stalwart.webhook_setup import WebhookSetup
from postroom_sandbox import first_person
from postroom_sandbox.data_folder import DataFolder
from postroom_sandbox.embedded_postgres import EmbeddedPostgres
from postroom_sandbox.embedded_valkey import EmbeddedValkey
from postroom_sandbox.first_person import FirstPerson
from postroom_sandbox.interface_build import build_interface
from postroom_sandbox.loopback import LOOPBACK, free_port, require_port
from postroom_sandbox.processes import PythonChild, Supervisor
from postroom_sandbox.stalwart import HOSTNAME
from postroom_sandbox.stalwart.mail_master import LOGIN as MAIL_MASTER
from postroom_sandbox.things_to_try import RunningTrial, things_to_try

_PORT_OPTION = "--port, such as --port 3077 (make up ARGS='--port 3077')"
_DOMAIN = "example.org"
_MARK_DOMAIN = "mark-domain"  # the data folder stores it in this file
# Placeholders for the embedded parts, so that all other settings can be checked before anything starts.
_EMBEDDED = {
    "POSTROOM_DATABASE_URL": "postgresql://postroom@127.0.0.1/postroom",
    "POSTROOM_WEBHOOK_KEY": "drawn at the first start",
}
_STAND_IN = {"POSTROOM_STALWART_URL": "http://127.0.0.1", "POSTROOM_STALWART_API_KEY": "drawn at the first start"}


def up(
    data: Path, port: int, domains: Sequence[str], *, fresh: bool, welcome: bool, empty: bool, interface: bool = False
) -> None:
    """`empty`: make no person with mail. `interface`: build the web interface meanwhile."""
    configure_logging(json=False, level="WARNING")
    folder = DataFolder(data)
    try:
        served = tuple(normalise_domain(each) for each in domains)
        trial = Trial(folder, port, served, os.environ, fresh=fresh, welcome=welcome, empty=empty)
        asyncio.run(trial.run(interface=interface))
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    except ConfigurationError as error:
        if "\n" not in str(error):
            raise
        # Printed here, because it contains lines of a log, which the command line would print as one line.
        for line in f"postroom: {error}".splitlines():
            typer.echo(escape_control(line), err=True)
        raise typer.Exit(2) from None
    except OSError as error:
        if error.filename is None or not Path(error.filename).is_relative_to(folder.path):
            raise
        raise ConfigurationError(
            f"{error.filename} cannot be used ({error.strerror}): check its owner, its mode and the room on the disk, "
            "or start over with --fresh"
        ) from error


def env(data: Path, *, as_json: bool) -> None:
    environment: dict[str, str] = DataFolder(data).read_trial()["environment"]
    if as_json:
        typer.echo(json_text(environment))
        return
    for name, value in environment.items():
        typer.echo(f"export {name}={shlex.quote(value)}")


class Trial:
    """The parts of one trial, started in order. What `shell` sets of Postroom replaces their embedded parts."""

    def __init__(
        self,
        data: DataFolder,
        port: int,
        domains: tuple[str, ...],
        shell: Mapping[str, str],
        *,
        fresh: bool,
        welcome: bool,
        empty: bool,
    ) -> None:
        self._data = data
        self._port = port
        self._domains = domains
        self._shell = shell
        self._fresh = fresh
        self._welcome = welcome
        self._empty = empty
        self._person: FirstPerson | None = None
        self._environment: dict[str, str] = {}
        self._own: list[str] = []
        self._where: list[tuple[str, str]] = []
        self._console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)

    async def run(self, *, interface: bool) -> None:
        self._read_settings()
        self._data.require_free()
        require_port(self._port, "The service", _PORT_OPTION)
        self._port = self._port or free_port()
        with self._data:
            async with Supervisor() as supervisor:
                if self._fresh:
                    await self._start_over()
                for part, start in (
                    ("PostgreSQL", self._database),
                    ("Redis", self._redis),
                    ("Stalwart", self._stalwart),
                    ("Kratos", self._kratos),
                    ("Postroom", self._service),
                ):
                    self._console.print(f"starting {part}", style="dim")
                    await start(supervisor)
                await self._fill_a_mailbox()
                person = {"person": asdict(self._person)} if self._person else {}
                self._data.write_trial({"environment": self._environment, "own": self._own} | person)
                self._show()
                if interface:
                    await build_interface(lambda line: self._console.print(line, style="dim"))
                await supervisor.wait()
            self._console.print(f"Stopped. The data are kept in {self._data.path}")

    def _read_settings(self) -> None:
        """Read the settings in the environment. Raises `ConfigurationError` for wrong ones before anything starts."""
        if "POSTROOM_URL" in self._shell:
            raise ConfigurationError(
                "this shell has the variables of `postroom env`, which `up` would take for servers of yours: "
                "use another shell"
            )
        self._environment = {PREFIX + name.upper(): value for name, value in given(self._shell).items()}
        if self._domains or "POSTROOM_DOMAINS" not in self._environment:
            self._environment["POSTROOM_DOMAINS"] = ",".join(self._domains or [_DOMAIN])
        expected = _EMBEDDED if "POSTROOM_STALWART_URL" in self._environment else _EMBEDDED | _STAND_IN
        self._domains = load_and_warn(expected | self._environment).domains

    async def _start_over(self) -> None:
        await EmbeddedPostgres(self._data).remove()
        await EmbeddedValkey(self._data).remove()
        self._data.clear()

    async def _database(self, supervisor: Supervisor) -> None:
        if url := self._environment.get("POSTROOM_DATABASE_URL"):
            owner_url = self._environment.get("POSTROOM_MIGRATE_DATABASE_URL", url)
            self._where.append(("PostgreSQL", "yours (POSTROOM_DATABASE_URL)"))
        else:
            postgres = EmbeddedPostgres(self._data)
            await supervisor.start(postgres)
            url, owner_url = postgres.service_url, postgres.owner_url
            self._where.append(("PostgreSQL 18", f"embedded, {LOOPBACK}:{postgres.port}"))
            self._keep_mark_domain()
        await asyncio.to_thread(upgrade, owner_url, role_of(url))
        self._environment["POSTROOM_DATABASE_URL"] = url

    def _keep_mark_domain(self) -> None:
        """The service refuses a mark domain other than that of its first start, so other --domain options must not
        change it."""
        first = self._data.recall(_MARK_DOMAIN) or self._domains[0]
        mark_domain = self._environment.setdefault("POSTROOM_MARK_DOMAIN", first)
        self._data.remember(_MARK_DOMAIN, mark_domain)

    @property
    def _mark_domain(self) -> str:
        return self._environment.get("POSTROOM_MARK_DOMAIN", self._domains[0])

    async def _redis(self, supervisor: Supervisor) -> None:
        if "POSTROOM_REDIS_URL" in self._environment:
            self._where.append(("Redis", "yours (POSTROOM_REDIS_URL)"))
        elif "POSTROOM_REDIS_URL" in self._shell:
            self._where.append(("Redis", "none, since POSTROOM_REDIS_URL is empty: PostgreSQL does its work"))
            self._environment["POSTROOM_REDIS_URL"] = ""
        else:
            valkey = EmbeddedValkey(self._data)
            await supervisor.start(valkey)
            self._environment["POSTROOM_REDIS_URL"] = valkey.url
            self._where.append(("Valkey 9", f"embedded, {LOOPBACK}:{valkey.port}"))

    async def _stalwart(self, supervisor: Supervisor) -> None:
        if url := self._environment.get("POSTROOM_STALWART_URL"):
            self._own.append("Stalwart")
            self._where.append(("Stalwart", f"yours, {url}"))
            return
        port, lmtp_port, key = free_port(), free_port(), "API_" + self._data.secret("stalwart-api-key")
        url = f"http://{LOOPBACK}:{port}"
        arguments = ["-m", "postroom_sandbox.stalwart", "--until-eof", "--public-url", url]
        arguments += ["--welcome"] if self._welcome else []
        arguments += ["--state", str(self._data.folder("stalwart")), "--port", str(port), "--lmtp-port", str(lmtp_port)]
        # The mark domain first: the accounts of Postroom are in the first domain of the stand-in.
        for domain in dict.fromkeys((self._mark_domain, *self._domains)):
            arguments += ["--domain", domain]
        admin, master = self._data.secret("stalwart-admin-password"), self._data.secret("stalwart-mail-master")
        secrets = {"STAND_IN_KEY": key, "STAND_IN_ADMIN": admin, "STAND_IN_MASTER": master}
        await supervisor.start(
            PythonChild(
                "the stand-in for Stalwart",
                arguments,
                _answers(f"{url}/_sandbox/state"),
                env=dict(self._shell) | secrets,
                log=self._data.log("stalwart"),
            )
        )
        self._environment["POSTROOM_STALWART_URL"] = url
        self._environment["POSTROOM_STALWART_API_KEY"] = key
        self._environment["POSTROOM_MAIL_MASTER"] = f"{MAIL_MASTER}@{self._mark_domain}:{master}"
        self._environment["POSTROOM_AUTHSERV_ID"] = HOSTNAME
        self._environment["POSTROOM_STALWART_WEBHOOK_KEY"] = self._data.secret("stalwart-webhook-key")
        self._where.append(("Stalwart", f"stand-in, {url}/_sandbox/"))
        self._where.append(("", f"mail comes in by LMTP at {LOOPBACK}:{lmtp_port}"))
        await self._webhook(url, admin)

    async def _webhook(self, stalwart_url: str, admin_password: str) -> None:
        """As its administrator, configure the stand-in to send the service a webhook about new mail."""
        client = StalwartClient(stalwart_url, authorization(f"admin:{admin_password}"))
        registry = StalwartRegistry(client, mark_domain=self._mark_domain, quota=None)
        key = self._environment["POSTROOM_STALWART_WEBHOOK_KEY"]
        try:
            await WebhookSetup(client, registry).ensure(f"http://{LOOPBACK}:{self._port}{HOOK_PATH}", key)
        except MailServerError as error:
            # A fault stays on over a restart, and usually the webhook of the previous start still exists.
            self._where.append(
                ("", f"its webhook could not be checked ({error}); its event streams report new mail, too")
            )
        finally:
            await client.aclose()

    async def _kratos(self, supervisor: Supervisor) -> None:
        self._environment.setdefault("POSTROOM_WEBHOOK_KEY", self._data.secret("webhook-key"))
        urls = [self._environment.get(f"POSTROOM_KRATOS_{side}_URL", "") for side in ("PUBLIC", "ADMIN")]
        if any(urls):
            self._own.append("Kratos")
            self._where.append(("Kratos", f"yours, {urls[0] or urls[1]}"))
            if not urls[1]:
                self._where.append(("", "no sweep finds lost hooks: POSTROOM_KRATOS_ADMIN_URL is not set"))
            return
        public, admin = free_port(), free_port()
        public_url, admin_url = f"http://{LOOPBACK}:{public}", f"http://{LOOPBACK}:{admin}"
        arguments = ["-m", "postroom_sandbox.kratos", "--until-eof", "--state", str(self._data.folder("kratos"))]
        arguments += ["--public-port", str(public), "--admin-port", str(admin)]
        postroom = f"http://{LOOPBACK}:{self._port}"
        arguments += ["--hook-url", f"{postroom}/internal/mail/provision"]
        arguments += ["--base-url", f"{postroom}{KRATOS_PATH}", "--ui-url", f"{postroom}/"]
        await supervisor.start(
            PythonChild(
                "the stand-in for Kratos",
                arguments,
                _answers(f"{public_url}/health/ready"),
                env=dict(self._shell) | {"POSTROOM_WEBHOOK_KEY": self._environment["POSTROOM_WEBHOOK_KEY"]},
                log=self._data.log("kratos"),
            )
        )
        self._environment["POSTROOM_KRATOS_PUBLIC_URL"] = public_url
        self._environment["POSTROOM_KRATOS_ADMIN_URL"] = admin_url
        self._where.append(("Kratos", f"stand-in, {public_url}; its mails: {public_url}/mails"))

    async def _service(self, supervisor: Supervisor) -> None:
        url = f"http://{LOOPBACK}:{self._port}"
        self._environment["POSTROOM_URL"] = url
        self._environment |= {"POSTROOM_HOST": LOOPBACK, "POSTROOM_PORT": str(self._port), "POSTROOM_PUBLIC_URL": url}
        around = {name: value for name, value in self._shell.items() if not name.startswith(PREFIX)}
        log = self._data.log("service")
        service = PythonChild(
            "the service",
            ["-m", "postroom", "serve", "--until-eof"],
            _answers(f"{url}/health/ready"),
            env=around | {"POSTROOM_LOG_FORMAT": "console"} | self._environment,
            log=log,
            stop_within=25,
        )
        await supervisor.start(service)
        self._where += [("Postroom", url), ("", f"its log: {log}")]

    async def _fill_a_mailbox(self) -> None:
        """At the first start, so that there is mail to look at. No server of the user's is filled."""
        self._person = first_person.known(self._data)
        if self._person or self._empty or self._own or missing_for_mail(load(self._environment)):
            return
        self._console.print("filling a mailbox", style="dim")
        try:
            async with httpx2.AsyncClient(timeout=10, trust_env=False) as http:
                self._person = await first_person.make(self._data, self._environment, self._domains[0], http)
        except first_person.NotFilled as error:
            self._where.append(("A mailbox", f"none is filled ({error}); the next start tries again"))

    def _show(self) -> None:
        missing = missing_for_mail(load(self._environment))
        mail = f"off: {' and '.join(missing)} must be set" if missing else "on, for everybody who logs in at Kratos"
        self._where.append(("Mail", mail))
        if self._person:
            login = f"{self._person.address}, password {self._person.password}"
            self._where.append(("A mailbox", f"{login}, with {first_person.MAILS} mails to look at"))
        self._console.print("\nPostroom is up. Ctrl-C stops everything.\n", style="bold")
        for part, place in self._where:
            self._console.print(f"  {part:<15}{place}")
        self._console.print("\nTo try, in another terminal in this folder:", style="bold")
        for block in things_to_try(RunningTrial(self._environment, self._own, missing, self._data.path)):
            self._console.print()
            # Not wrapped: a command copied from a narrow terminal must still run.
            for line in block.splitlines():
                self._console.print(line, style="dim" if line.startswith("#") else None)
        self._console.print()


def _answers(url: str) -> Any:
    """A probe that checks whether this URL responds 200."""

    async def probe() -> bool:
        try:
            async with httpx2.AsyncClient(timeout=2, trust_env=False) as client:
                return (await client.get(url)).status_code == 200
        except httpx2.HTTPError:
            return False

    return probe
