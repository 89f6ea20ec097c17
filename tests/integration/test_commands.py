"""Commands as an operator runs them: their output, and their one-line errors."""

from uuid import UUID, uuid4

import pytest

from commands import Commands
from parts import READ_ONLY, UNUSED_URL, environment
from postroom.domain.identity import Refusal
from postroom.postgres.connection import Pool
from postroom.postgres.refusals import PostgresRefusals
from postroom.postgres.sweep import PostgresSwept
from records import NOWHERE, Records
from servers import Database


@pytest.fixture
def postroom(database: Database) -> Commands:
    return Commands(environment(database, None, None, kratos_admin_url=UNUSED_URL))


@pytest.fixture
async def refused(pool: Pool) -> UUID:
    identity_id = uuid4()
    email = "Adm\x1b[31min\u202e+[red]x[/]@example.org"
    refusal = Refusal(identity_id, email, "unsafe_local_part", "the name may hold only letters")
    await PostgresRefusals(pool).record([refusal], NOWHERE)
    return identity_id


async def test_sweep_command_shows_hastens_and_restarts_the_sweep(
    postroom: Commands, pool: Pool, records: Records
) -> None:
    swept = PostgresSwept(pool)
    await swept.advance(None, None, due_in=300, census=None, counted=None, absent_since=None)
    shown = await postroom.json("sweep")
    assert list(shown) == ["under_way", "token", "due_at", "started_at", "finished_at", "due_in_seconds"]
    assert (shown["under_way"], shown["token"]) == (False, None)
    assert shown["due_in_seconds"] > 290
    assert shown["finished_at"]
    assert "next pass due in 5 min" in await postroom("sweep")
    assert (await postroom.json("sweep", "--now"))["due_in_seconds"] <= 0
    await swept.advance(None, "0a", due_in=300, census=None, counted=None, absent_since=None)
    shown = await postroom.json("sweep", "--now")
    assert (shown["under_way"], shown["token"]) == (True, "0a")
    assert shown["due_in_seconds"] <= 0
    assert (await postroom.json("sweep", "--restart"))["token"] is None
    assert await records.value("SELECT due_at <= now() AND token IS NULL FROM identity_sweep")


async def test_sweep_command_without_configuration_prints_one_line_and_exits_with_2(postroom: Commands) -> None:
    reported = await postroom("sweep", "--now", code=2, POSTROOM_KRATOS_ADMIN_URL="")
    assert (
        reported == "postroom: no sweep is configured; set POSTROOM_KRATOS_ADMIN_URL to the URL of Kratos' admin API\n"
    )


async def test_status_shows_the_sweep_and_escaped_refusals(postroom: Commands, refused: UUID) -> None:
    status = await postroom.json("status")
    assert status["sweep"]["finished_at"] is None
    assert status["refused"]["total"] == 1
    (last,) = status["refused"]["last"]
    assert (last["identity_id"], last["code"]) == (str(refused), "unsafe_local_part")
    assert last["email"] == "Adm\x1b[31min\u202e+[red]x[/]@example.org"
    reported = await postroom("status")
    assert "no complete pass yet" in reported
    assert r"Adm\x1b[31min\u202e+[red]x[/]@example.org" in reported
    assert "\x1b" not in reported


async def test_refusal_stored_without_a_code_by_an_older_version_is_shown(
    postroom: Commands, refused: UUID, records: Records
) -> None:
    older = uuid4()
    await records.rows(
        "INSERT INTO email_provisioning_log (kratos_identity_id, email, action, status, attempt_count, error_message) "
        "VALUES (%s, 'admin@example.org', 'refuse', 'done', 0, 'the name admin is reserved')",
        older,
    )
    codes = {each["identity_id"]: each["code"] for each in (await postroom.json("status"))["refused"]["last"]}
    assert codes == {str(older): "unknown", str(refused): "unsafe_local_part"}
    assert str(older) in await postroom("status")
    assert "the name admin is reserved" in await postroom("log", "admin@example.org")
    assert "refused as unknown" in await postroom("retry", str(older), code=2)


async def test_command_on_an_incompatible_schema_says_what_to_do_in_one_line(
    postroom: Commands, records: Records
) -> None:
    await records.rows("ALTER TABLE schema_history RENAME TO forgotten")
    for words in (
        "status",
        "log alice@example.org",
        "retry alice@example.org",
        "bury alice@example.org --reason x",
        "dismiss alice@example.org --reason x",
        "list",
        "remake alice@example.org",
        "pause --reason x",
        "resume",
        "resume --domain example.org",
        "sweep",
        "rebuild --from-stalwart",
    ):
        reported = await postroom(*words.split(), code=2)
        assert reported.startswith("postroom: the schema is before revision 0003"), words
        assert reported.endswith("; stop all Postroom processes, then run postroom migrate\n")
        assert reported.count("\n") == 1
    await records.rows("DROP TABLE alembic_version")
    assert await postroom("status", code=2) == (
        "postroom: the database is empty: it was not migrated yet; run postroom migrate\n"
    )


async def test_command_reports_a_missing_permission_or_row_in_one_line(postroom: Commands, records: Records) -> None:
    await records.rows("DELETE FROM mail_server_breaker")
    reported = await postroom("status", code=2)
    assert reported == "postroom: the statement breaker_read found no row; run postroom migrate, which restores it\n"
    await records.rows("REVOKE ALL ON email_requests FROM postroom")
    refused = "PostgreSQL refuses: permission denied for table email_requests; run postroom migrate"
    for words in ("status", "log alice@example.org", "retry alice@example.org"):
        assert await postroom(*words.split(), code=2) == f"postroom: {refused}\n"
    _, schema = [each for each in await postroom.json("check", code=1) if each["part"] == "schema"]
    assert f"{schema['details']}; {schema['fix']}" == refused


async def test_read_only_postgresql_is_reported(postroom: Commands, database: Database) -> None:
    url = database.service_url + READ_ONLY
    reported = await postroom("pause", "--reason", "x", code=2, POSTROOM_DATABASE_URL=url)
    assert reported == (
        "postroom: PostgreSQL cannot serve us now: cannot execute SELECT in a read-only transaction (SQLSTATE 25006)\n"
    )


async def test_all_wrong_settings_are_named_at_once_and_check_looks_at_what_the_right_ones_name() -> None:
    wrong = Commands({"POSTROOM_DATABASE_URL": "postgresql://postroom@127.0.0.1:9/postroom", "POSTROOM_PORT": "abc"})
    rows = await wrong.json("check", code=1)
    details = [each["details"] for each in rows if each["part"] == "settings"]
    missing = ["POSTROOM_STALWART_URL", "POSTROOM_STALWART_API_KEY", "POSTROOM_WEBHOOK_KEY", "POSTROOM_DOMAINS"]
    assert [each.partition(" ")[0].rstrip(":") for each in details] == [*missing, "POSTROOM_PORT"]
    assert await wrong("serve", code=2) == f"postroom: {'; '.join(details)}\n"
    (database,) = [each for each in rows if each["part"] == "database"]
    assert database["details"].endswith("port 9 failed: Connection refused")


async def test_missing_settings_are_named_in_one_line() -> None:
    for command in ("serve", "work", "migrate"):
        reported = await Commands({"POSTROOM_WEBHOOK_KEY": "short-secret"})(command, code=2)
        assert reported.startswith("postroom: ")
        assert reported.count("\n") == 1, reported
        assert "POSTROOM_DATABASE_URL is not set" in reported
        assert "short-secret" not in reported


@pytest.mark.parametrize(("words", "code"), [("status", 0), ("migrate", 2), ("pause --reason x", 0), ("check", 1)])
async def test_a_misspelt_setting_is_named_by_every_command(postroom: Commands, words: str, code: int) -> None:
    said = "unknown setting: POSTROOM_PASE (did you mean POSTROOM_PACE?)"
    fix = "\trename it to POSTROOM_PACE, or remove it" if words == "check" else ""
    assert f"{said}{fix}\n" in await postroom(*words.split(), code=code, POSTROOM_PASE="5")


async def test_command_line_mistake_is_reported_in_one_line(postroom: Commands) -> None:
    for words in ("pause --reason", "bury alice@example.org --reason", "dismiss --dead --reason"):
        assert "the reason is empty" in await postroom(*words.split(), " ", code=2)
        assert "not text in UTF-8" in await postroom(*words.split(), "\udcff", code=2)
    for words in (
        "pause",
        "nonsense",
        "status --jsn",
        "log",
        "list --state gone",
        "bury --waiting",
        "up --port 99999",
        "sandbox deliver",
    ):
        reported = await postroom(*words.split(), code=2)
        assert reported.startswith("postroom: ")
        assert reported.endswith(" --help\n")
        assert reported.count("\n") == 1


async def test_resume_normalises_the_domain_like_that_of_an_address(postroom: Commands) -> None:
    assert (await postroom.json("resume", "--domain", "EXAMPLE.org"))["domain"] == "example.org"


async def test_resume_rejects_a_domain_that_is_not_served(postroom: Commands) -> None:
    assert "example.com is not a domain of POSTROOM_DOMAINS: example.org" in await postroom(
        "resume", "--domain", "example.com", code=2
    )
