"""`postroom log`: what happened to an identity, and to every identity that ever requested an address."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from commands import Commands
from parts import environment
from postroom.domain.difference import Kind
from postroom.domain.identity import Refusal
from postroom.errors import Permanent
from postroom.postgres.connection import Pool
from postroom.postgres.doubts import PostgresDoubts
from postroom.postgres.refusals import PostgresRefusals
from postroom.postgres.requests import PostgresRequests
from postroom.provisioning.ports import Found
from records import NOWHERE, Records, failed, mailbox, running
from servers import Database

FOREIGN = "Adm\x1b[31min\u202e+[red]x[/]@example.org"


@pytest.fixture
def postroom(database: Database) -> Commands:
    return Commands(environment(database, None, None))


async def refuse(pool: Pool, email: str, code: str, reason: str, identity_id: UUID | None = None) -> None:
    await PostgresRefusals(pool).record([Refusal(identity_id, email, code, reason)], NOWHERE)


async def died(requests: PostgresRequests, name: str = "alice") -> UUID:
    return await failed(requests, name, Permanent("refused"))


async def identities(postroom: Commands, who: str) -> list[str | None]:
    return [each["identity_id"] for each in (await postroom.json("log", who))["identities"]]


async def test_a_refused_identity_is_known_by_its_id_and_by_the_address_as_it_was_sent(
    postroom: Commands, pool: Pool
) -> None:
    refused = uuid4()
    await refuse(pool, FOREIGN, "unsafe_local_part", "the name may hold only letters", refused)
    for who in (str(refused), " adm\x1b[31MIN\u202e+[red]x[/]@example.org"):
        (found,) = (await postroom.json("log", who))["identities"]
        assert (found["identity_id"], found["request"]) == (str(refused), None)
        (entry,) = found["log"]
        assert (entry["action"], entry["code"]) == ("refuse", "unsafe_local_part")
    reported = await postroom("log", str(refused))
    assert "unsafe_local_part: the name may hold only letters" in reported
    assert f"x[/]@example.org, identity {refused}: refused, unsafe local part" in reported
    assert "\x1b" not in reported


async def test_a_hook_that_was_refused_and_named_no_identity_is_found_by_its_address(
    postroom: Commands, pool: Pool
) -> None:
    await refuse(pool, "admin@example.org", "reserved_name", "the name admin is reserved")
    assert "admin@example.org, no identity: refused, reserved name" in await postroom("log", "Admin@example.org")
    assert await identities(postroom, "admin@example.org") == [None]


async def test_an_address_stands_for_everybody_who_ever_asked_for_it_the_newest_first(
    postroom: Commands, pool: Pool, requests: PostgresRequests
) -> None:
    moved_away, refused = await died(requests), uuid4()
    again = {"holder": None, "lease": 10.0, "origin": NOWHERE, "action": "accept"}
    assert await requests.revive(mailbox("alicia", moved_away), **again)
    wants = (await running(requests, mailbox("bob"))).identity_id
    now_alice = Found(wants, Kind.RENAME, "alice@example.org", None)
    await PostgresDoubts(pool).store([now_alice], [], read_at=datetime.now(UTC), began_at=None, by_hook=True)
    await refuse(pool, " ALICE@example.org", "second_address", "it has a mailbox", refused)
    dead = await died(requests)
    living = (await running(requests, mailbox("alice"))).identity_id
    expected = [str(each) for each in (living, dead, refused, wants, moved_away)]
    assert await identities(postroom, "alice@example.org") == expected
    reported = await postroom("log", "alice@example.org")
    assert [reported.index(each) for each in expected] == sorted(reported.index(each) for each in expected)
    assert f"alice@example.org, identity {living}: an attempt runs" in reported
    assert f"alicia@example.org, identity {moved_away}: waits" in reported
    rows = [line.split("\t") for line in reported.splitlines() if line.startswith(f"{dead}\t")]
    assert [row[2:4] for row in rows[1:]] == [["create", "pending"], ["create", "failed"]], (
        "each row names its identity"
    )


async def test_an_identity_is_found_by_the_number_that_the_person_is_shown(
    postroom: Commands, pool: Pool, requests: PostgresRequests
) -> None:
    made, refused = UUID(f"8b9e4c7a{'f' * 24}"), UUID(f"8b9e4c7a{'0' * 24}")
    for identity_id in (made, UUID(f"8b9e4c7b{'0' * 24}"), UUID(f"8b9e4c79{'f' * 24}")):
        await running(requests, mailbox(f"user-{identity_id.hex[:8]}", identity_id))
    await refuse(pool, "admin@example.org", "reserved_name", "the name admin is reserved", refused)
    for number in (made.hex[:8], "8B9E4C7A"):
        assert {*await identities(postroom, number)} == {str(made), str(refused)}
    assert "00000000" in await postroom("log", "00000000", code=2)


async def test_an_address_is_found_by_either_form_of_its_domain(postroom: Commands, records: Records) -> None:
    identity_id = uuid4()
    await records.rows(
        "INSERT INTO email_requests (identity_id, email, state, enqueued_at, reason)"
        " VALUES (%s, 'alice@xn--bcher-kva.example', 'dead', now(), 'refused')",
        identity_id,
    )
    for who in ("Alice@Bücher.example", "alice@xn--bcher-kva.example"):
        assert await identities(postroom, who) == [str(identity_id)]
        assert "1 would be retried" in await postroom("retry", who, "--dry-run")


async def test_actor_and_reason_have_columns_of_their_own(postroom: Commands, requests: PostgresRequests) -> None:
    await died(requests)
    await postroom("dismiss", "alice@example.org", "--reason", "left (for good)")
    reported = (await postroom("log", "alice@example.org")).splitlines()
    assert "dead, dismissed: refused" in reported[0]
    header, last = reported[1].split("\t"), reported[-1].split("\t")
    assert header[1:] == ["action", "status", "attempt", "actor", "reason"]
    assert last[1:4] == ["dismiss", "done", "1"]
    assert last[4]
    assert last[5] == "left (for good)"


@asynccontextmanager
async def following(database: Database, url: str, *words: str) -> AsyncIterator[Process]:
    """`postroom log --follow` in a separate process."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "postroom", "log", "--follow", *words),
        env=environment(database, None, None) | {"POSTROOM_DATABASE_URL": url},
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def next_line(process: Process) -> str:
    assert process.stdout
    return (await asyncio.wait_for(process.stdout.readline(), 20)).decode().rstrip("\n")


async def test_new_rows_of_an_identity_are_followed_until_ctrl_c(
    database: Database, requests: PostgresRequests, postroom: Commands
) -> None:
    await died(requests)
    async with following(database, database.service_url, "alice@example.org") as process:
        shown = [(await next_line(process)).split("\t")[2:4] for _ in range(2)]
        assert shown == [["create", "pending"], ["create", "failed"]]
        await died(requests, "bob")
        await postroom("retry", "alice@example.org")
        assert (await next_line(process)).split("\t")[1:4] == ["alice@example.org", "retry", "done"]
        process.send_signal(signal.SIGINT)
        out, errors = await asyncio.wait_for(process.communicate(), 20)
    assert (process.returncode, out, errors) == (130, b"", b"")
