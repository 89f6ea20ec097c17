"""The running processes: their rows, `postroom status`, and the health of a separate worker."""

import asyncio
import json
import signal
import socket
from contextlib import AsyncExitStack
from typing import Literal
from uuid import uuid4

import pytest
from psycopg.conninfo import make_conninfo

from commands import Commands
from eventually import eventually
from parts import UNUSED_URL, environment
from postroom.postgres.connection import Pool
from postroom.postgres.installation import MARK_DOMAIN, pin
from postroom.postgres.migrate import newest_revision
from postroom.postgres.processes import PostgresProcesses, ThisProcess
from postroom.process.heartbeats import Heartbeats
from postroom.process.presence import Presence
from postroom.process.telemetry import REGISTRY
from postroom_sandbox.loopback import free_port
from records import Records
from scripted_upstream import problem_answer, scripted_upstream
from servers import Database
from service_process import KEY, running

FEW_FILES = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (100, 128))
from postroom.cli import main
sys.argv = ["postroom", "{command}"]
main()
"""


@pytest.fixture
def settings(database: Database) -> dict[str, str]:
    """Of a service and of a worker, at the same port."""
    port = free_port()
    return environment(database, None, None, webhook_key=KEY, host="127.0.0.1", port=port, work_port=port)


def this(kind: Literal["serve", "work"] = "work") -> ThisProcess:
    return ThisProcess(uuid4(), "a-host", 42, kind, "0.1.0", "0003")


async def test_process_has_one_row_which_is_deleted_at_a_clean_exit(pool: Pool) -> None:
    processes, process = PostgresProcesses(pool), this()
    await processes.record(process, {})
    await processes.record(process, {"worker": {"age": 1.0, "late_after": 30.0}})
    (found,) = await processes.all()
    assert (found["host"], found["pid"], found["kind"], found["revision"]) == ("a-host", 42, "work", "0003")
    assert found["loops"] == {"worker": {"age": 1.0, "late_after": 30.0}}
    assert found["seen_at"] > found["started_at"]
    await processes.forget(process)
    assert await processes.all() == []


async def test_process_without_a_report_for_a_day_is_removed(pool: Pool, records: Records) -> None:
    processes, dead, lives = PostgresProcesses(pool), this(), this()
    await processes.record(dead, {})
    await records.rows("UPDATE processes SET seen_at = now() - interval '25 hours'")
    await processes.record(lives, {})
    assert [found["id"] for found in await processes.all()] == [lives.id]


def refused() -> float:
    return REGISTRY.get_sample_value("postroom_database_errors_total", {"where": "presence"}) or 0


async def test_process_keeps_running_if_its_row_cannot_be_written(pool: Pool, records: Records) -> None:
    await records.rows("REVOKE ALL ON processes FROM postroom")
    presence, stop, before = Presence(PostgresProcesses(pool), Heartbeats(), "serve"), asyncio.Event(), refused()
    presence_runs = asyncio.create_task(presence.run(stop))
    await eventually(lambda: refused() > before, "it was refused")
    assert not presence_runs.done()
    stop.set()
    await asyncio.wait_for(presence_runs, 1)
    await presence.leave()


@pytest.mark.parametrize("command", ["serve", "work"])
async def test_process_keeps_its_row_while_it_runs_and_deletes_it_at_exit(
    command: str, settings: dict[str, str], records: Records
) -> None:
    async with running(command, settings) as process:
        await eventually(process.ready, "the process", 20)
        metrics = (await process.http.get("/metrics")).text
        assert 'postroom_loop_seconds_since_last_round{loop="worker"}' in metrics

        async def there() -> bool:
            return await records.value("SELECT count(*) FROM processes") == 1

        await eventually(there, "its row", 20)
        (said,) = await records.rows("SELECT host, pid, kind, revision FROM processes")
        assert said == {
            "host": socket.gethostname(),
            "pid": process.pid,
            "kind": command,
            "revision": newest_revision(),
        }
        code, log = await process.end(signal.SIGTERM)
    assert code == 0, log
    assert await records.value("SELECT count(*) FROM processes") == 0


@pytest.mark.parametrize("command", ["serve", "work"])
async def test_silent_connections_beyond_the_open_file_limit_block_no_others(
    command: str, settings: dict[str, str]
) -> None:
    async with (
        running(command, settings, program=FEW_FILES.format(command=command)) as process,
        AsyncExitStack() as stack,
    ):
        await eventually(process.ready, "the process", 20)
        assert '"most": 64' in await process.says("Limit of client connections")
        await process.http.get("/health/live", headers={"Connection": "close"})  # the next one needs a connection, too
        for _ in range(300):
            _, writer = await asyncio.open_connection("127.0.0.1", int(settings["POSTROOM_PORT"]))
            stack.callback(writer.close)
        await eventually(process.ready, "the process, with 300 other connections", 5)
        if command == "serve":
            assert (await process.hook("alice@example.org")).json()["message"] == "Provisioning failed, will retry..."


async def test_status_shows_the_processes_with_their_version_and_their_loops(database: Database, pool: Pool) -> None:
    await PostgresProcesses(pool).record(this(), {"sweep": {"age": 200.0, "late_after": 120.0}})
    postroom = Commands(environment(database, None, None))
    (row,) = [line for line in (await postroom("status")).splitlines() if "late: sweep" in line]
    assert row.split("\t")[3:5] == ["work", this().version]
    assert (await postroom.json("status"))["processes"][0]["loops"]["sweep"]["age"] == 200.0


async def why_it_cannot_run(command: str, settings: dict[str, str]) -> dict[str, str]:
    """The one line of its log that is not merely informational."""
    async with running(command, settings) as process:
        code, log = await process.end()
    assert code == 2
    assert "Application startup" not in log, "no server was started before the check"
    assert "s3cret" not in log
    (why,) = [line for line in map(json.loads, log.splitlines()) if line["level"] != "info"]
    assert why["event"] == "Cannot run"
    return why


@pytest.mark.parametrize("command", ["serve", "work"])
async def test_process_does_not_run_on_a_database_that_was_not_migrated(
    command: str, settings: dict[str, str], records: Records
) -> None:
    await records.rows("DROP TABLE schema_history, alembic_version")
    why = await why_it_cannot_run(command, settings)
    assert (why["error"], why["fix"]) == ("the database is empty: it was not migrated yet", "run postroom migrate")


async def test_mark_domain_must_not_change_after_use(settings: dict[str, str], pool: Pool) -> None:
    await pin(pool, MARK_DOMAIN, "example.org")
    why = await why_it_cannot_run("serve", settings | {"POSTROOM_DOMAINS": "example.net,example.org"})
    assert "set POSTROOM_MARK_DOMAIN=example.org" in f"{why['error']}; {why['fix']}"


@pytest.mark.parametrize(
    ("wrong", "words", "fix"),
    [
        (
            {"password": "s3cret"},
            "password authentication failed for user",
            "correct the password, or the user, in POSTROOM_",
        ),
        (
            {"dbname": "nowhere"},
            'database "nowhere" does not exist',
            "create that database, or correct its name in POSTROOM_",
        ),
    ],
)
async def test_where_postgresql_refuses_the_login_a_process_ends_with_one_line_of_its_log(
    settings: dict[str, str], database: Database, wrong: dict[str, str], words: str, fix: str
) -> None:
    url = make_conninfo(database.service_url, **wrong)
    why = await why_it_cannot_run("serve", settings | {"POSTROOM_DATABASE_URL": url})
    assert words in why["error"]
    assert why["fix"].startswith(fix)


async def test_the_log_names_a_misspelt_setting_and_a_redis_that_does_not_answer(settings: dict[str, str]) -> None:
    port = free_port()
    own = {"POSTROOM_PASE": "5", "POSTROOM_REDIS_URL": f"redis://u:s3cret@127.0.0.1:{port}"}
    async with running("serve", settings | own) as process:
        misspelt = json.loads((await process.says("Unknown setting")).splitlines()[-1])
        log = await process.says("cannot be used")
        await process.end(signal.SIGTERM)
    assert (misspelt["level"], misspelt["name"], misspelt["meant"]) == ("warning", "POSTROOM_PASE", "POSTROOM_PACE")
    line = json.loads(log.splitlines()[-1])
    assert line["level"] == "warning"
    assert line["event"] == f"Redis at 127.0.0.1:{port} cannot be used: PostgreSQL takes over"
    assert line["fix"] == "run postroom check: it says why"
    assert "Connected to Redis" not in log


async def test_while_postgresql_is_unavailable_the_log_says_why_once_and_the_process_waits(
    settings: dict[str, str], database: Database
) -> None:
    nobody = free_port()
    url = make_conninfo(database.service_url, port=nobody)
    async with running("serve", settings | {"POSTROOM_DATABASE_URL": url}) as process:
        await eventually(process.live, "the process", 20)
        line = json.loads((await process.says("Waiting for PostgreSQL")).splitlines()[-1])
        assert line["error"].endswith(f"port {nobody} failed: Connection refused")
        assert line["fix"].startswith("start PostgreSQL")
        assert not await process.ready()
        assert str(nobody) not in (await process.http.get("/health/ready")).text, "/health/ready is public"
        code, log = await process.end(signal.SIGTERM)
    assert code == 0
    assert "Waiting for PostgreSQL" not in log


@pytest.mark.parametrize(("command", "setting"), [("serve", "port"), ("work", "work_port")])
async def test_occupied_port_is_reported_in_one_line_with_its_setting(
    settings: dict[str, str], command: str, setting: str
) -> None:
    taken = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", int(settings["POSTROOM_PORT"]))
    async with taken, running(command, settings) as process:
        code, log = await process.end()
    assert code == 2
    assert f"cannot listen on 127.0.0.1:{settings['POSTROOM_PORT']}" in log
    assert f"POSTROOM_{setting.upper()}" in log


async def test_wrong_master_password_is_logged_at_start_and_sent_only_once(settings: dict[str, str]) -> None:
    async with scripted_upstream() as stalwart:
        stalwart.will(problem_answer(401))
        people = {"POSTROOM_KRATOS_PUBLIC_URL": UNUSED_URL, "POSTROOM_MAIL_MASTER": "master@example.org:a-wrong-secret"}
        async with running("serve", settings | people | {"POSTROOM_STALWART_URL": stalwart.url}) as service:
            log = await service.says("Mail server refuses POSTROOM_MAIL_MASTER")
            code, rest = await service.end(signal.SIGTERM)
        asked = [each for each in stalwart.asked if each.target == "/api/account"]
    assert (code, len(asked)) == (0, 1)
    assert "Mail server refuses POSTROOM_MAIL_MASTER" not in rest
    assert "a-wrong-secret" not in log + rest
