"""Kratos for tests: the stand-in, and the real 1.3.1, built from source with Go and a C compiler.

Both send a webhook of every registration to `hook_url`, as `postroom setup kratos` configures it.
"""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from pathlib import Path
from string import Template
from typing import Any

import httpx2
import pytest

from http_status import is_ok
from postroom.kratos.public_api import PATH
from postroom.setup.kratos import HOOK, INTERFACE, write
from postroom_sandbox.loopback import LOOPBACK, free_port
from postroom_sandbox.processes import Process, PythonChild
from tests.go_programs import KRATOS

PASSWORD = "correct horse battery staple"

TESTS = Path(__file__).parent
SOURCE = TESTS / "kratos"


@dataclass(frozen=True)
class Kratos:
    """A running Kratos and its API flows for programs, which set no cookies."""

    public_url: str
    admin_url: str
    http: httpx2.AsyncClient
    pid: int | None = None

    async def flow(self, kind: str = "registration") -> Any:
        """A new API flow."""
        answer = await self.http.get(f"{self.public_url}/self-service/{kind}/api")
        return answer.raise_for_status().json()

    async def submit(self, flow: Any, **values: Any) -> httpx2.Response:
        """Submit a flow's form with the method password, to this port also if a proxy is in front of Kratos."""
        path = flow["ui"]["action"].partition("/self-service/")[2]
        return await self.http.post(f"{self.public_url}/self-service/{path}", json={"method": "password", **values})

    async def sign_up(self, email: str, password: str = PASSWORD, **traits: str) -> Any:
        """Register an identity; return `{"identity": …, "session": …, "session_token": …}`."""
        answer = await self.submit(await self.flow(), password=password, traits={"email": email, **traits})
        return answer.raise_for_status().json()

    async def register(self, email: str, password: str = PASSWORD) -> str:
        """Register an identity; return its id."""
        return (await self.sign_up(email, password))["identity"]["id"]

    async def whoami(self, session_token: str) -> httpx2.Response:
        headers = {"X-Session-Token": session_token}
        return await self.http.get(f"{self.public_url}/sessions/whoami", headers=headers)

    async def is_ready(self) -> bool:
        return await is_ok(f"{self.public_url}/health/ready") and await is_ok(f"{self.admin_url}/admin/health/ready")


@asynccontextmanager
async def _client(public_port: int, admin_port: int) -> AsyncIterator[Kratos]:
    async with httpx2.AsyncClient(trust_env=False, timeout=10) as http:
        yield Kratos(f"http://{LOOPBACK}:{public_port}", f"http://{LOOPBACK}:{admin_port}", http)


@asynccontextmanager
async def kratos_stand_in(
    folder: Path, *, hook_url: str, hook_key: str, public_url: str | None = None
) -> AsyncIterator[Kratos]:
    """The stand-in in its own process, with its state in `folder`. `public_url`: browsers reach it and the pages of its
    flows at Postroom, there."""
    public_port, admin_port = free_port(), free_port()
    arguments = ["-m", "postroom_sandbox.kratos", "--state", str(folder), "--until-eof"]
    arguments += ["--public-port", str(public_port), "--admin-port", str(admin_port), "--hook-url", hook_url]
    arguments += ["--base-url", f"{public_url}{PATH}/", "--ui-url", f"{public_url}/"] if public_url else []
    env = os.environ | {"POSTROOM_WEBHOOK_KEY": hook_key}
    async with _client(public_port, admin_port) as kratos:
        log = folder / "kratos.log"
        child = PythonChild("the stand-in for Kratos", arguments, kratos.is_ready, env=env, log=log)
        try:
            await child.start()
            yield replace(kratos, pid=child.pid)
        finally:
            await child.stop()


@asynccontextmanager
async def real_kratos(
    folder: Path,
    *,
    hook_url: str,
    hook_key: str,
    dsn: str = "memory",
    lifespan: str = "24h",
    public_url: str | None = None,
    more: Mapping[str, Any] | None = None,
) -> AsyncIterator[Kratos]:
    """Kratos 1.3.1 as a process with its data in memory, or in the empty database at `dsn`. Sessions last for
    `lifespan`, and may change passwords while the login is no older than a quarter of an hour. `public_url` as for the
    stand-in. `more` are settings that are laid over those of the file. Skips the test if it is not built."""
    program = await asyncio.to_thread(KRATOS.found_or_skipped)
    public_port, admin_port = free_port(), free_port()
    base, hook = folder / "kratos.yml", folder / HOOK
    url = hook_url.removesuffix("/internal/mail/provision")
    base.write_text(
        Template((SOURCE / "kratos.yml").read_text()).substitute(
            PUBLIC_PORT=public_port,
            ADMIN_PORT=admin_port,
            SMTP_PORT=free_port(),
            POSTROOM_URL=url,
            DSN=dsn,
            LIFESPAN=lifespan,
            SCHEMA_URL=(SOURCE / "identity.schema.json").as_uri(),
        )
    )
    write(url, hook_key, folder, public_url=public_url, force=True)  # a test may start it again
    if dsn != "memory":
        await asyncio.to_thread(_migrate, program, dsn)
    over = folder / "more.json"
    over.write_text(json.dumps(more or {}))
    argv = [program, "serve", "-c", base, "-c", hook, "--dev", "--sqa-opt-out"]
    argv += [*(["-c", folder / INTERFACE] if public_url else []), "-c", over]
    async with _client(public_port, admin_port) as kratos:
        process = Process("Kratos 1.3.1", argv, log=folder / "kratos.log")
        await process.spawn()
        try:
            await process.until_ready(kratos.is_ready)
            yield replace(kratos, pid=process.pid)
        finally:
            await process.stop((signal.SIGTERM, 5), (signal.SIGKILL, 5))


def dsn_of(database: Path) -> str:
    """The DSN for a real Kratos that keeps its data in this file, where `make_logins_old` reaches them."""
    return f"sqlite://{database}?_fk=true&mode=rwc"


def make_logins_old(database: Path) -> None:
    """From now on everybody at this Kratos logged in an hour earlier than they did."""
    with closing(sqlite3.connect(database, timeout=10)) as connection, connection:
        connection.execute("UPDATE sessions SET authenticated_at = datetime(authenticated_at, '-1 hour')")


SERVERS = {"stand-in": kratos_stand_in, "1.3.1": real_kratos}

ours_at_kratos = pytest.mark.parametrize("kratos", SERVERS, indirect=True)
"""A test of what Postroom does with the fixture `kratos`."""

kratos_itself = pytest.mark.parametrize(
    "kratos", [pytest.param("stand-in", marks=pytest.mark.stand_in), "1.3.1"], indirect=True
)
"""A test of what Kratos does, without any code of Postroom."""


def _migrate(program: Path, dsn: str) -> None:
    env = os.environ | {"DSN": dsn}
    subprocess.run([program, "migrate", "sql", "-e", "--yes"], env=env, capture_output=True, timeout=60, check=True)
