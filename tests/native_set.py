"""The set of compose.yaml without containers, on loopback, from the same files.

The parser of the compose specification says what each service runs, mounts and waits for. What is different here:

- a service has ports of its own on 127.0.0.1, and `service:port` in its files, command and environment becomes these;
- the path of a mount becomes the path of the file on this host, there, too;
- PostgreSQL and Valkey are the embedded ones, and Kratos, Centrifugo and Caddy are built from source with Go, Kratos in
  version 1.3.1, the newest that is a Go module;
- Stalwart is the stand-in, or the real one that STALWART_URL, STALWART_ADMIN and STALWART_LMTP name.
"""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from compose_file import checkout, command, mounts, prepare, project
from compose_postgres import ComposePostgres
from http_status import is_ok
from parts import UNUSED_URL
from postroom_sandbox.data_folder import DataFolder
from postroom_sandbox.embedded_valkey import _binary as valkey_server
from postroom_sandbox.loopback import LOOPBACK, free_port
from postroom_sandbox.processes import Process
from tests.go_programs import CADDY, CENTRIFUGO, KRATOS

DOMAIN, WEB_HOST = "example.org", "mail.example.org"
PORTS = {
    "postgres": (5432,),
    "valkey": (6379,),
    "kratos": (4433, 4434),
    "stalwart": (8080, 24),  # 24: LMTP, by which mail comes into the stand-in
    "centrifugo": (8000, 9000),
    "postroom": (3001,),
    "work": (3002,),
    "proxy": (80, 443),
}
_ENTRYPOINTS = {"postroom": ["postroom"], "oryd/kratos": ["kratos"]}
"""Those of the images."""
_STOP = ((signal.SIGTERM, 25.0), (signal.SIGKILL, 5.0))


class NativeSet:
    """`folder` is a checkout in which `prepare` has run."""

    def __init__(self, folder: Path, data: DataFolder) -> None:
        self.folder = folder
        self._data = data
        self._ports = {(name, port): free_port() for name, ports in PORTS.items() for port in ports}
        self.real_stalwart = os.environ.get("STALWART_URL")
        self._addresses = {f"{name}:{port}": f"{LOOPBACK}:{ours}" for (name, port), ours in self._ports.items()}
        if self.real_stalwart:
            self._addresses["stalwart:8080"] = urlsplit(self.real_stalwart).netloc
        self.project = project(folder, "all", "setup", environment=self._shell())
        self._started: dict[str, Process | None] = {}
        self._bin = folder / "native/bin"
        self._postgres: ComposePostgres | None = None

    @property
    def url(self) -> str:
        return f"https://{WEB_HOST}:{self._ports['proxy', 443]}"

    @property
    def environment(self) -> Mapping[str, str]:
        """As of a trial."""
        return {"POSTROOM_URL": self.url}

    @property
    def lmtp(self) -> tuple[str, int]:
        host, _, port = os.environ.get("STALWART_LMTP", "").partition(":")
        return (host, int(port)) if self.real_stalwart else (LOOPBACK, self._ports["stalwart", 24])

    @property
    def admin(self) -> tuple[str, str]:
        """The login of Stalwart's administrator."""
        if self.real_stalwart:
            login, _, password = os.environ["STALWART_ADMIN"].partition(":")
            return login, password
        return "admin", (self.folder / ".compose/secrets/stalwart-admin-password").read_text()

    @property
    def authority(self) -> Path:
        """The certificate of Caddy's own authority."""
        return self.folder / ".compose/data/proxy/caddy/pki/authorities/local/root.crt"

    def port(self, name: str, port: int) -> int:
        """The port on loopback that stands for a port of a container."""
        return self._ports[name, port]

    def _shell(self) -> dict[str, str]:
        """Variables that outweigh those of .env."""
        caddy = (
            "local_certs",
            f"default_bind {LOOPBACK}",
            f"http_port {self._ports['proxy', 80]}",
            f"https_port {self._ports['proxy', 443]}",
        )
        return {
            "MAIL_HOST": self.url.removeprefix("https://"),
            "CADDY_GLOBAL_OPTIONS": "\n".join(caddy),
            "BACK_SUBNET": "127.0.0.0/8",
            "FRONT_SUBNET": "127.0.0.0/8",
            "STALWART_ADMIN": os.environ.get("STALWART_ADMIN", "admin").partition(":")[0],
        }

    async def translate(self) -> None:
        """Make the mounted files those of this host, and programs of the names of the images'."""
        for name in self.project["services"]:
            for file in mounts(self.project, name).values():
                for each in [file] if file.is_file() else file.rglob("*"):
                    if each.is_file():
                        each.write_text(self._here(name, each.read_text()))
        kratos = await asyncio.to_thread(KRATOS.found_or_skipped)
        centrifugo = await asyncio.to_thread(CENTRIFUGO.found_or_skipped)
        caddy = await asyncio.to_thread(CADDY.found_or_skipped)
        self._bin.mkdir(parents=True)
        stand_in = f"{sys.executable} -m postroom_sandbox.stalwart --state {self.folder}/native/stalwart"
        stand_in += (
            f" --port {self._ports['stalwart', 8080]} --lmtp-port {self._ports['stalwart', 24]} --domain {DOMAIN}"
        )
        for name, line in {
            "python": f'{sys.executable} "$@"',
            "postroom": f'{sys.executable} -m postroom "$@"',
            "kratos": f'{kratos} "$@"',
            "centrifugo": f'{centrifugo} "$@"',
            "caddy": f'{caddy} "$@"',
            "valkey-server": f'{valkey_server()} "$@" --bind {LOOPBACK} --port {self._ports["valkey", 6379]}',
            "stalwart": f'env STAND_IN_ADMIN="${{STALWART_RECOVERY_ADMIN#admin:}}" {stand_in}',
        }.items():
            (self._bin / name).write_text(f"#!/bin/sh\nexec {line}\n")
            (self._bin / name).chmod(0o755)

    def _here(self, name: str, text: str) -> str:
        """The text with the addresses and the paths of this host instead of the container's."""
        text = re.sub(r"(?<![\w.-])[a-z]+:\d+\b", lambda found: self._addresses.get(found.group(), found.group()), text)
        seen = mounts(self.project, name)
        targets = "|".join(sorted(map(re.escape, seen), key=len, reverse=True))
        if not targets:
            return text
        return re.sub(rf"(?<![\w.])({targets})(?![\w-])", lambda found: str(seen[found.group()]), text)

    async def run(self, name: str, stdin: str = "") -> str:
        """Run a service to its end, as `docker compose run` does, also those on which it depends; return its output."""
        await self._dependencies(name)
        return await self.execute(name, *self._argv(name), stdin=stdin)

    async def execute(self, name: str, *argv: str, stdin: str = "") -> str:
        """Run a command in the environment of a service, as `docker compose exec` does; return its output."""
        process = await asyncio.create_subprocess_exec(
            *argv,
            env=self._environment(name),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await asyncio.wait_for(process.communicate(stdin.encode()), 60)
        assert process.returncode == 0, f"{name}: {output.decode()}"
        return output.decode()

    async def up(self) -> None:
        for name, service in self.project["services"].items():
            if "setup" not in service.get("profiles", []):
                await self._start(name)

    async def _start(self, name: str) -> None:
        if name in self._started or (name == "stalwart" and self.real_stalwart):
            return
        await self._dependencies(name)
        self._started[name] = None
        if name == "postgres":
            await self._start_postgres()
            return
        if self.project["services"][name]["restart"] == "no":
            await self.run(name)
            return
        process = Process(name, self._argv(name), env=self._environment(name), log=self.log(name), cwd=self.folder)
        self._started[name] = process
        await process.spawn()
        await process.until_ready(lambda: self._is_healthy(name))

    async def _dependencies(self, name: str) -> None:
        for each in self.project["services"][name].get("depends_on", {}):
            await self._start(each)

    async def _start_postgres(self) -> None:
        seen = mounts(self.project, "postgres")
        secrets = {Path(target).name: file for target, file in seen.items() if target.startswith("/run/secrets/")}
        statements = seen["/docker-entrypoint-initdb.d/databases.sql"]
        self._postgres = ComposePostgres(self._data, self._ports["postgres", 5432], statements, secrets)
        await self._postgres.start()

    async def stop(self) -> None:
        for process in reversed(self._started.values()):
            if process:
                await process.stop(*_STOP)
        if self._postgres:
            await self._postgres.stop()
            await self._postgres.remove()

    def log(self, name: str) -> Path:
        return self.folder / "native" / f"{name}.log"

    def _argv(self, name: str) -> list[str]:
        service = self.project["services"][name]
        entrypoint = _ENTRYPOINTS.get(service["image"].partition(":")[0], [])
        argv = [self._here(name, each) for each in command(service, entrypoint)]
        return [str(self._bin / argv[0]) if (self._bin / argv[0]).exists() else argv[0], *argv[1:]]

    def _environment(self, name: str) -> dict[str, str]:
        given: Mapping[str, Any] = self.project["services"][name].get("environment") or {}
        return (
            {"PATH": f"{self._bin}:{os.defpath}", "HOME": str(self.folder), "COLUMNS": "200"}
            | {key: self._here(name, value or "") for key, value in given.items()}
            | self._listening(name)
        )

    def _listening(self, name: str) -> dict[str, str]:
        ports = {str(port): str(ours) for (of, port), ours in self._ports.items() if of == name}
        match name:
            case "kratos":
                return {
                    "SERVE_PUBLIC_HOST": LOOPBACK,
                    "SERVE_PUBLIC_PORT": ports["4433"],
                    "SERVE_ADMIN_HOST": LOOPBACK,
                    "SERVE_ADMIN_PORT": ports["4434"],
                    # The name that 1.3.1 has for `style: unified`.
                    "SELFSERVICE_FLOWS_REGISTRATION_ENABLE_LEGACY_ONE_STEP": "true",
                    # No test uses the internet.
                    "SELFSERVICE_METHODS_PASSWORD_CONFIG_HAVEIBEENPWNED_ENABLED": "false",
                }
            case "centrifugo":
                return {
                    "CENTRIFUGO_HTTP_SERVER_ADDRESS": LOOPBACK,
                    "CENTRIFUGO_HTTP_SERVER_PORT": ports["8000"],
                    "CENTRIFUGO_HTTP_SERVER_INTERNAL_ADDRESS": LOOPBACK,
                    "CENTRIFUGO_HTTP_SERVER_INTERNAL_PORT": ports["9000"],
                }
            case "postroom":
                return {"POSTROOM_HOST": LOOPBACK, "POSTROOM_PORT": ports["3001"]}
            case "work":
                return {"POSTROOM_WORK_HOST": LOOPBACK, "POSTROOM_WORK_PORT": ports["3002"]}
            case _:
                return {}

    async def _succeeds(self, name: str, argv: list[str]) -> bool:
        process = await asyncio.create_subprocess_exec(
            self._bin / argv[0],
            *argv[1:],
            # As Docker's client gives one to containers.
            env=self._environment(name) | {"http_proxy": UNUSED_URL},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        return await asyncio.wait_for(process.wait(), 20) == 0

    async def _is_healthy(self, name: str) -> bool:
        """By the health check of the service: itself, if it is ours, or its URL, or else its port."""
        argv = self.project["services"][name]["healthcheck"]["test"]
        if argv[1] == "postroom":
            return await self._succeeds(name, argv[1:])
        test = " ".join(argv)
        found = re.search(r"http://127\.0\.0\.1:(\d+)(/[\w/]+)", test)
        if found and name != "stalwart":
            return await is_ok(f"http://{LOOPBACK}:{self._ports[name, int(found[1])]}{found[2]}")
        asked = re.search(r"\b(8080|6379|443)\b", test)
        assert asked, test
        return await _listens(self._ports[name, int(asked[1])])


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        return False
    writer.close()
    return True


@asynccontextmanager
async def native_set(folder: Path) -> AsyncIterator[NativeSet]:
    """The set, prepared, with nothing started yet; what was started is stopped afterwards."""
    prepared = prepare(checkout(folder), DOMAIN)
    assert prepared.returncode == 0, prepared.stderr
    with DataFolder(folder / "native/data") as data:
        found = NativeSet(folder, data)
        try:
            await found.translate()
            yield found
        finally:
            await found.stop()


@asynccontextmanager
async def running_set(folder: Path) -> AsyncIterator[NativeSet]:
    """In the order of docs/how-to/install.md: Stalwart with its domain, what Postroom needs of it, and the rest. At the
    end no service of Postroom may have logged an error."""
    async with native_set(folder) as found:
        await found.run("setup", stdin=found.admin[1])
        await found.up()
        yield found
        for name in ("postroom", "work"):
            log = found.log(name).read_text()
            assert "Traceback" not in log
            assert [line for line in log.splitlines() if '"level":"error"' in line.replace(" ", "")] == []
