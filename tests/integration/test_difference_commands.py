"""`postroom list --state differs` and `postroom status` show who differs, and what would be done."""

from uuid import UUID

import pytest
from psycopg.types.json import Jsonb

from commands import Commands
from parts import environment
from records import Records
from servers import Database

ADA, BOB, EVE, ZOE = (UUID(int=number) for number in (1, 2, 3, 4))


@pytest.fixture
def postroom(database: Database) -> Commands:
    return Commands(environment(database, None, None, kratos_admin_url="http://127.0.0.1:1"))


@pytest.fixture(autouse=True)
async def drift(records: Records) -> None:
    """Of 100 mailboxes one is renamed, one would take another's address, one is absent, and one inactive."""
    for who, name in ((ADA, "ada"), (BOB, "bob"), (EVE, "eve"), (ZOE, "zoe")):
        await records.rows(
            """INSERT INTO email_requests (identity_id, email, display_name, state, enqueued_at)
               VALUES (%s, %s, %s, 'provisioned', now())""",
            who,
            f"{name}@example.org",
            name.title(),
        )
    for who, kind, seen in (
        (ADA, "rename", "countess@example.org"),
        (ADA, "name", None),
        (BOB, "rename", "eve@example.org"),
        (EVE, "absent", None),
        (ZOE, "inactive", None),
    ):
        await records.rows(
            "INSERT INTO doubts (identity_id, kind, seen, found_by, passes) VALUES (%s, %s, %s, 'sweep', 2)",
            who,
            kind,
            seen,
        )
    counted = {"mailboxes": 100, "implausible": None, "more": {}}
    await records.rows("UPDATE identity_sweep SET counted = %s", Jsonb(counted))


async def test_the_list_shows_who_differs_how_and_what_would_be_done(postroom: Commands, records: Records) -> None:
    lines = [line.split("\t") for line in (await postroom("list", "--state", "differs")).splitlines()]
    assert lines[0] == ["mailbox", "kind", "on record", "at Kratos", "since", "what would be done", "identity"]
    assert [(row[0], row[1], row[2], row[3], row[5]) for row in lines[1:]] == [
        ("ada@example.org", "name", "Ada", "none", "would be done"),
        ("ada@example.org", "rename", "ada@example.org", "countess@example.org", "would be done"),
        ("bob@example.org", "rename", "bob@example.org", "eve@example.org", HELD),
        ("eve@example.org", "absent", "eve@example.org", "not listed", UNCERTAIN),
        ("zoe@example.org", "inactive", "zoe@example.org", "inactive", "would be done"),
    ]
    first = await postroom.json("list", "--state", "differs", "--limit", "1")
    assert [(each["kind"], each["at_kratos"], each["outlook"]) for each in first["differs"]] == [
        ("name", None, "done"),
        ("rename", "countess@example.org", "done"),
    ]
    rest = await postroom.json("list", "--state", "differs", "--after", first["next"])
    assert ([UUID(each["identity_id"]) for each in rest["differs"]], rest["next"]) == ([BOB, EVE, ZOE], None)
    await records.rows("UPDATE identity_sweep SET counted = counted || %s", Jsonb({"more": {"absent": 9}}))
    rest = await postroom.json("list", "--state", "differs", "--after", str(BOB))
    assert [each["outlook"] for each in rest["differs"]] == ["waits", "done"], "ten of a hundred are too many"


HELD = "would be refused: another identity holds the address"
UNCERTAIN = "waits for another pass that does not list it, an hour after the first one"


async def test_status_counts_who_differs_and_says_why_a_pass_shows_nobody_to_be_absent(
    postroom: Commands, records: Records
) -> None:
    shown = (await postroom.json("status"))["differs"]
    assert shown["kinds"] == {"rename": 2, "name": 1, "inactive": 1, "absent": 1}
    assert shown["outlooks"] == {"done": 3, "held": 1, "uncertain": 1}
    counted = {"mailboxes": 100, "implausible": "Kratos listed no identity", "more": {"absent": 90}}
    await records.rows("UPDATE identity_sweep SET counted = %s", Jsonb(counted))
    lines = await postroom("status")
    assert (
        "Identities that differ from their mailbox: 2 another address, 1 another name, 1 inactive, 91 not listed"
        in lines
    )
    assert "91: would wait for an operator" in lines
    assert "The last pass shows nobody to be absent: Kratos listed no identity" in lines
