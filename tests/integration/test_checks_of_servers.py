"""`postroom check` of PostgreSQL, Redis and the mail server: each cause has its own fix, and no text contains a
secret."""

import asyncio
from typing import Any, LiteralString

import pytest
from psycopg.conninfo import make_conninfo
from redis.asyncio import Redis

from commands import Commands
from parts import READ_ONLY, UNUSED_URL, environment
from postroom.postgres.migrate import newest_revision
from postroom.queue.epoch import EPOCH_KEY
from postroom_sandbox.embedded_postgres import EmbeddedPostgres
from postroom_sandbox.embedded_valkey import EmbeddedValkey
from postroom_sandbox.loopback import free_port
from records import Records
from scripted_upstream import http_answer, json_answer, problem_answer, scripted_upstream
from servers import IN_SQL_ASCII, Database, new_database


@pytest.fixture
def postroom(database: Database) -> Commands:
    return Commands(environment(database, None, None, kratos_admin_url=UNUSED_URL))


async def rows_of(postroom: Commands, part: str, **more: str) -> list[dict[str, str]]:
    """The rows of the table for that part, except the one about the missing fsync of the tests' PostgreSQL."""
    found: list[dict[str, Any]] = await Commands({**postroom.environment, **more}).json("check", code=1)
    return [each for each in found if each["part"] == part and "fsync" not in each["details"]]


# PostgreSQL


async def test_the_server_and_the_schema_are_a_row_each(postroom: Commands, database: Database) -> None:
    (server,) = await rows_of(postroom, "database")
    place = database.service_url.rpartition("@")[2].partition("/")[0]
    assert server["details"].endswith(f" at {place}")
    assert await rows_of(postroom, "schema") == [
        {"part": "schema", "state": "ok", "details": f"revision {newest_revision()}", "fix": ""}
    ]


ENTRY = "INSERT INTO email_provisioning_log (action, status, attempt_count, trigger_id, error_message) VALUES "
HOOK = ENTRY + "('create', 'pending', 1, 'trigger', NULL)"
SWEPT = ENTRY + "('sweep', 'done', 0, NULL, NULL)"
FOLLOWED = ENTRY + "('sweep', 'done', 0, NULL, 'another address is wanted')"

CHANGED: LiteralString = """
    INSERT INTO doubts (identity_id, kind, found_by) VALUES (gen_random_uuid(), 'rename', 'sweep')"""
REPORTED: LiteralString = """
    INSERT INTO doubts (identity_id, kind, found_by) VALUES (gen_random_uuid(), 'rename', 'hook')"""


@pytest.mark.parametrize(
    ("entries", "state", "words"),
    [
        ([], "ok", "none came yet"),
        ([HOOK, FOLLOWED], "ok", "the last one came at 20"),
        ([SWEPT, SWEPT, HOOK], "ok", "the last one came at 20"),
        ([SWEPT, SWEPT, FOLLOWED], "warning", "none came yet; the sweep found 2 identities"),
        ([HOOK, CHANGED], "warning", "; within a day the sweep found 1 changed identity that no hook had reported"),
        ([HOOK, REPORTED], "ok", "the last one came at 20"),
        ([HOOK, SWEPT], "warning", "; since then the sweep found 1 identity that no hook had"),
    ],
    ids=[
        "nothing",
        "a changed address",
        "hooks again",
        "no hook ever",
        "a change without a hook",
        "a change with a hook",
        "no hook any more",
    ],
)
async def test_hooks_of_kratos_that_do_not_arrive_are_seen_by_what_the_sweep_finds(
    postroom: Commands, records: Records, entries: list[LiteralString], state: str, words: str
) -> None:
    for entry in entries:
        await records.rows(entry)
    (hook,) = await rows_of(postroom, "kratos hook")
    assert (hook["state"], words in hook["details"], bool(hook["fix"])) == (state, True, state != "ok")


@pytest.mark.parametrize(
    ("statement", "state", "words", "fix"),
    [
        ("DROP TABLE schema_history, alembic_version", "error", "the database is empty", "run postroom migrate"),
        ("DELETE FROM schema_history WHERE revision > '0003'", "error", "is at revision 0003", "run postroom migrate"),
        ("INSERT INTO schema_history VALUES ('9001', '9000')", "error", "at revision 9001", "update Postroom"),
        ("INSERT INTO schema_history VALUES ('9001', '0003')", "warning", "revision 9001, newer", "update Postroom"),
    ],
    ids=["empty", "older", "newer", "newer but compatible"],
)
async def test_a_schema_of_another_revision_is_a_row_with_what_to_do(
    postroom: Commands, records: Records, statement: LiteralString, state: str, words: str, fix: str
) -> None:
    await records.rows(statement)
    (schema,) = await rows_of(postroom, "schema")
    assert (schema["state"], schema["fix"]) == (state, fix)
    assert words in schema["details"]
    assert [each["state"] for each in await rows_of(postroom, "database")] == ["ok"]


@pytest.mark.parametrize(
    ("other", "words", "fix"),
    [
        ({"password": "s3cret"}, "PostgreSQL refuses us: ", "correct the password, or the user"),
        ({"password": ""}, "PostgreSQL refuses us: ", "add the password to"),
        ({"dbname": "nowhere"}, "PostgreSQL refuses us: ", "create that database, or correct its name"),
        ({"port": 9}, "PostgreSQL cannot be reached: ", "start PostgreSQL, or correct the host and the port"),
        ({"sslmode": "require"}, "PostgreSQL refuses us: ", "switch TLS on in PostgreSQL, or correct sslmode"),
    ],
)
async def test_each_way_in_which_postgresql_is_not_there_has_its_own_fix_in_every_command(
    postroom: Commands, database: Database, other: dict[str, Any], words: str, fix: str
) -> None:
    url = make_conninfo(database.service_url, **other)
    (row,) = await rows_of(postroom, "database", POSTROOM_DATABASE_URL=url)
    assert row["details"].startswith(words)
    assert row["fix"].startswith(fix)
    assert row["fix"].endswith("POSTROOM_DATABASE_URL")
    for command in ("status", "sweep", "log alice@example.org"):
        line = await postroom(*command.split(), code=2, POSTROOM_DATABASE_URL=url)
        assert line == f"postroom: {row['details']}; {row['fix']}\n"
    assert "s3cret" not in line


async def test_a_limit_of_connections_below_the_pool_is_a_warning(postroom: Commands, records: Records) -> None:
    await records.rows("DO $$BEGIN EXECUTE format('ALTER DATABASE %I CONNECTION LIMIT 11', current_database()); END$$")
    (connections,) = await rows_of(postroom, "connections")
    assert (connections["state"], "accepts 11 connections" in connections["details"]) == ("warning", True)


async def test_a_server_that_takes_no_writes_is_an_error(postroom: Commands, database: Database) -> None:
    _, row = await rows_of(postroom, "database", POSTROOM_DATABASE_URL=database.service_url + READ_ONLY)
    assert row["state"] == "error"
    assert "it takes no writes" in row["details"]


async def test_a_database_that_is_not_in_utf8_is_an_error(
    postroom: Commands, postgres_server: EmbeddedPostgres
) -> None:
    """psycopg returns the texts of an SQL_ASCII database as octets: `fsync=on` looked as if it were off."""
    async with new_database(postgres_server, template="template0", options=IN_SQL_ASCII) as other:
        rows = await rows_of(postroom, "database", POSTROOM_DATABASE_URL=other.service_url)
    assert [row["state"] for row in rows] == ["ok", "error"]
    assert "it is in SQL_ASCII" in rows[1]["details"]
    assert "ENCODING 'UTF8'" in rows[1]["fix"]


# Redis


async def test_what_redis_holds_is_shown_with_its_place(postroom: Commands, valkey_server: EmbeddedValkey) -> None:
    (row,) = await rows_of(postroom, "redis", POSTROOM_REDIS_URL=valkey_server.url)
    assert (row["state"], row["details"].partition(": ")[0]) == ("ok", f"127.0.0.1:{valkey_server.port}")


async def test_the_redis_of_another_installation_is_a_warning_that_names_the_key(
    postroom: Commands, redis_url: str, redis: Redis, records: Records
) -> None:
    await redis.set(EPOCH_KEY, "another's")
    (row,) = await rows_of(postroom, "redis", POSTROOM_REDIS_URL=redis_url)
    assert row["state"] == "ok", "this installation was never started: it has no id to compare with"
    await records.rows("INSERT INTO installation (name, value) VALUES ('id', 'ours')")
    (row,) = await rows_of(postroom, "redis", POSTROOM_REDIS_URL=redis_url)
    assert (row["state"], "another installation" in row["details"]) == ("warning", True)
    assert EPOCH_KEY in row["fix"]


@pytest.mark.parametrize(
    ("answer", "words", "fix"),
    [
        (
            b"-WRONGPASS invalid username-password pair\r\n",
            "refuses the login: invalid username-password pair",
            "correct the user and the password in POSTROOM_REDIS_URL",
        ),
        # As Redis 5 responds. The rest of this message contains the password.
        (
            b"-ERR unknown command `HELLO`, with args beginning with: `3`, `AUTH`, `default`, `s3cret`, \r\n",
            "refuses: unknown command `HELLO`",
            "correct POSTROOM_REDIS_URL, or Redis' configuration",
        ),
        (b"-NOPERM this user has no permissions\r\n", "forbids it: this user has no", "allow the user email:"),
        (b"-LOADING Redis is loading the dataset\r\n", "is loading its data", "wait until Redis has started"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "is not Redis", "correct the host and the port in POSTROOM_REDIS_URL"),
        (b"", "cannot be reached: the connection broke off", "see the log of Redis, or correct POSTROOM_REDIS_URL"),
    ],
    ids=["wrong password", "Redis 5", "ACL", "loading", "another server", "cut off"],
)
async def test_each_answer_of_redis_has_its_own_fix_and_shows_no_secret(
    postroom: Commands, answer: bytes, words: str, fix: str
) -> None:
    async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while answer and await reader.read(65536):
            writer.write(answer)
        writer.close()

    async with await asyncio.start_server(answers, "127.0.0.1", 0) as server:
        place = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        (row,) = await rows_of(postroom, "redis", POSTROOM_REDIS_URL=f"redis://default:s3cret@{place}/0")
    assert row["state"] == "warning"
    assert row["details"].startswith(f"{place} {words}")
    assert row["details"].endswith("; PostgreSQL takes over, nothing is lost")
    assert row["fix"].startswith(fix)
    assert "s3cret" not in str(row)


async def test_a_redis_that_cannot_be_reached_is_shown_with_its_place(postroom: Commands) -> None:
    (row,) = await rows_of(postroom, "redis", POSTROOM_REDIS_URL="redis://:s3cret@127.0.0.1:9/0")
    assert row["details"].startswith("127.0.0.1:9 cannot be reached: connection refused; ")
    assert row["fix"].startswith("start Redis")
    sentinels = f"redis+sentinel://127.0.0.1:9,127.0.0.1:{free_port()}/mymaster"
    (row,) = await rows_of(postroom, "redis", POSTROOM_REDIS_URL=sentinels)
    assert row["details"].startswith("no sentinel of mymaster (Sentinel at 127.0.0.1:9, ")
    assert row["fix"].startswith("start Redis and its sentinels")


# The mail server


@pytest.mark.parametrize(
    ("answer", "words", "fix"),
    [
        (problem_answer(401), "does not know our key (401)", "correct POSTROOM_STALWART_API_KEY"),
        (problem_answer(403), "forbids it (403)", "correct POSTROOM_STALWART_API_KEY, or what its account may do"),
        (problem_answer(404), "is this Stalwart?", "correct POSTROOM_STALWART_URL"),
        (http_answer(200, b"<html>"), "is not a JSON object", "correct POSTROOM_STALWART_URL: what answers there"),
        (json_answer({"status": "ok"}), "is not a JMAP session", "correct POSTROOM_STALWART_URL"),
        (json_answer({"accounts": {}, "primaryAccounts": {}}), "holds no account", "correct POSTROOM_STALWART_API_KEY"),
        (problem_answer(503), "answered 503", "see the log of Stalwart"),
        (b"220 mail.example.org LMTP\r\n\r\n", "what came is not HTTP", "see whether Stalwart has banned this host"),
    ],
    ids=[
        "wrong key",
        "forbidden",
        "no JMAP",
        "HTML",
        "another JSON",
        "a session without an account",
        "unhealthy",
        "LMTP",
    ],
)
async def test_each_answer_of_a_mail_server_has_its_own_fix_in_check_status_and_resume(
    postroom: Commands, answer: bytes, words: str, fix: str
) -> None:
    async with scripted_upstream() as server:
        server.will(answer)
        asked = Commands({**postroom.environment, "POSTROOM_STALWART_URL": server.url})
        (row,) = await rows_of(asked, "mail server")
        assert row["details"].startswith(f"{server.url.removeprefix('http://')}: ")
        assert row in (await asked.json("status"))["parts"]
        assert (await asked("resume", code=1)).endswith(f"{row['details'].partition(': ')[2]}; {row['fix']}\n")
    assert row["state"] == "error"
    assert words in row["details"]
    assert row["fix"].startswith(fix)


async def test_a_mail_server_that_cannot_be_reached_is_shown_with_its_place(postroom: Commands) -> None:
    (row,) = await rows_of(postroom, "mail server")
    assert (row["details"], row["fix"].partition(",")[0]) == (
        "127.0.0.1:9 cannot be reached: connection refused",
        "start Stalwart",
    )
