"""`postroom check` with Stalwart: the stand-in, or a real one (conftest.py)."""

import asyncio
import base64
import json
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from commands import Commands
from parts import environment
from postroom.checks.all import run_checks
from postroom.checks.finding import Finding
from postroom.checks.webhook import fix_webhook
from postroom.composition.parts import Parts, connected
from postroom.settings.environment import load
from postroom.stalwart.impersonation import basic
from postroom.stalwart.permissions import ROLE_USER
from postroom.stalwart.registry_client import StalwartClient as Client
from postroom.stalwart.upload_quota import BYTES, FILES
from records import Records
from scripted_upstream import Asked, ScriptedUpstream, json_answer, problem_answer, scripted_upstream
from servers import Database
from stalwart_client import StalwartClient, unique
from stalwart_settings import CLIENTS, REGISTERED_ONLY, SMALL, UPLOADS, changed

ROLE = Path(__file__).parents[2] / "src/postroom/deploy/stalwart/role.json"
HOOK_URL = "http://127.0.0.1:9/internal/mail/stalwart-of-the-tests"
SECRET = "seven-green-ladders-climb-41"
HOOK_KEY = "key-of-the-web-hook-0123456789-0123"
READ_PERMISSIONS = ("sysWebHookGet", "sysWebHookQuery")


async def master_with(admin: StalwartClient, *permissions: str) -> str:
    credentials = {"0": {"@type": "Password", "secret": SECRET}}
    _, login = await admin.create_with(permissions, credentials=credentials)
    return f"{login}:{SECRET}"


def documented() -> dict[str, bool]:
    """The permissions that deploy/stalwart grants to our key."""
    return json.loads(ROLE.read_text())["methodCalls"][0][1]["create"]["c"]["enabledPermissions"]


@pytest.fixture(scope="module")
async def key(admin: StalwartClient) -> str:
    return await admin.key_with(documented(), allowedIps={"127.0.0.1": True})


@pytest.fixture(scope="module")
async def master(admin: StalwartClient) -> str:
    return await master_with(admin, "authenticate", "impersonate")


@pytest.fixture
async def kratos() -> AsyncIterator[str]:
    async with scripted_upstream() as server:
        server.will(json_answer({"status": "ok"}))
        yield server.url


@pytest.fixture
async def no_hook(admin: StalwartClient) -> AsyncIterator[None]:
    """No webhook of ours exists before and after the test."""
    await remove_hooks(admin)
    yield
    await remove_hooks(admin)


async def hooks(admin: StalwartClient) -> dict[str, dict[str, object]]:
    found = await admin.calls(
        ("x:WebHook/query", {"filter": {}}),
        ("x:WebHook/get", {"#ids": {"resultOf": "0", "name": "x:WebHook/query", "path": "/ids"}}),
    )
    return {each["id"]: each for each in found[1]["list"] if each["url"] == HOOK_URL}


async def remove_hooks(admin: StalwartClient) -> None:
    if ids := list(await hooks(admin)):
        await admin.call("x:WebHook/set", destroy=ids)


@pytest.fixture
def environ(database: Database, admin: StalwartClient, key: str, master: str, kratos: str) -> dict[str, str]:
    """Settings with which every check is ok, except that of the webhook."""
    more = {
        "stalwart_url": admin.url,
        "stalwart_api_key": key,
        "mail_master": master,
        "kratos_public_url": kratos,
        "kratos_admin_url": kratos,
        "public_url": "https://mail.example.org",
        "trusted_proxies": "127.0.0.1",
        "stalwart_webhook_url": HOOK_URL,
        "stalwart_webhook_key": HOOK_KEY,
    }
    return environment(database, None, None, **more)


async def checks(environ: Mapping[str, str], administrator: Client | None = None) -> dict[str, Finding]:
    """The findings by part, except the one about the PostgreSQL of the tests, which runs without fsync."""
    async with connected(load(environ)) as parts:
        found = await run_checks(parts, of_mail=True, administrator=administrator)
    found = [each for each in found if "fsync=off" not in each.details]
    assert len({each.part for each in found}) == len(found)
    return {each.part: each for each in found}


@asynccontextmanager
async def stalwart_with_a_master(
    login: bytes, permissions: Sequence[str] = (), account: Mapping[str, str] | None = None
) -> AsyncIterator[ScriptedUpstream]:
    """A Stalwart that answers our key, and `login` to whom the master account logs in as: to itself if it has no
    `permissions`, else to the person, who has this account."""
    mail = {"accountCapabilities": {"urn:stalwart:jmap": {}}}

    async def answer(asked: Asked, writer: asyncio.StreamWriter) -> None:
        scheme, _, credentials = (asked.header("authorization") or "").partition(" ")
        if scheme == "Basic" and (not permissions or b"%" in base64.b64decode(credentials)):
            writer.write(login)
        elif asked.target == "/jmap/session":
            writer.write(json_answer({"accounts": {"b": mail}, "primaryAccounts": {}}))
        elif asked.target == "/api/account":
            writer.write(json_answer({"permissions": permissions}))
        else:
            found = {"ids": ["b"], "list": [account] if account else []}
            writer.write(json_answer({"methodResponses": [[name, found, tag] for name, _, tag in asked.calls()]}))

    async with scripted_upstream() as server:
        server.will(answer)
        yield server


async def mailbox(admin: StalwartClient, records: Records, **account: object) -> str:
    """The address of a mailbox that is ready according to our records."""
    name, identity_id = unique(), uuid4()
    number = account.pop("account_id", None) or await admin.create(name, **account)
    email = f"{name}@example.org"
    await records.rows(
        "INSERT INTO email_requests (identity_id, email, state, enqueued_at) VALUES (%s, %s, 'provisioned', now())",
        identity_id,
        email,
    )
    await records.rows(
        "INSERT INTO email_accounts (id, kratos_identity_id, email, stalwart_account_id) VALUES (%s, %s, %s, %s)",
        uuid4(),
        identity_id,
        email,
        number,
    )
    return email


# All checks


async def test_check_finds_everything_fine_with_the_documented_setup(
    admin: StalwartClient,
    environ: dict[str, str],
    records: Records,
    parts: Parts,
    administrator: Client,
    no_hook: None,
) -> None:
    email = await mailbox(admin, records)
    assert (await fix_webhook(parts, administrator, dry_run=False)).state == "ok"
    large = {"maxUploadCount": FILES, "uploadQuota": BYTES}
    async with changed(admin, CLIENTS, REGISTERED_ONLY), changed(admin, UPLOADS, large):
        found = await checks(environ)
    assert [(each.part, each.details) for each in found.values() if each.state != "ok"] == []
    assert found["mail master"].details.endswith(f"tried with {email}")
    assert HOOK_URL in found["webhook"].details


# Our key


async def test_our_list_of_permissions_of_the_role_user_is_what_it_grants(admin: StalwartClient) -> None:
    ids = (await admin.call("x:Role/query", filter={"description": "User"}))["ids"]
    granted = {frozenset((await admin.get(number, "Role"))["enabledPermissions"]) for number in ids}
    assert ROLE_USER in granted


async def test_key_that_may_not_update_its_account_fails_the_write_check(
    admin: StalwartClient, environ: dict[str, str]
) -> None:
    limited = {name: True for name in documented() if name != "sysAccountUpdate"}
    found = await checks(environ | {"POSTROOM_STALWART_API_KEY": await admin.key_with(limited)})
    assert found["mail server"].details == "our key lacks sysAccountUpdate"
    assert (found["mail server write"].state, "forbids" in found["mail server write"].details) == ("error", True)


async def test_our_key_itself_shows_from_where_it_is_accepted(admin: StalwartClient, environ: dict[str, str]) -> None:
    found = (await checks(environ))["API key addresses"]
    assert (found.state, found.details) == ("ok", "our key is accepted from 127.0.0.1 only")
    anywhere = await admin.key_with(documented())
    found = (await checks(environ | {"POSTROOM_STALWART_API_KEY": anywhere}))["API key addresses"]
    assert (found.state, "anybody's password" in found.details, "--allowed-ip" in found.fix) == ("warning", True, True)


async def test_check_warns_about_a_recovery_administrator_used_as_the_api_key(environ: dict[str, str]) -> None:
    login = os.environ.get("STALWART_ADMIN", "admin:pw")
    found = await checks(environ | {"POSTROOM_STALWART_API_KEY": login})
    assert (found["mail server"].state, "more than it needs" in found["mail server"].details) == ("warning", True)
    assert (found["mail server write"].state, "an account for the key" in found["mail server write"].fix) == (
        "warning",
        True,
    )


# The master account


async def test_master_account_check_says_that_no_mailbox_exists_yet(environ: dict[str, str]) -> None:
    assert "no mailbox yet" in (await checks(environ))["mail master"].details


async def test_check_does_not_blame_the_master_account_for_a_suspended_or_missing_mailbox(
    admin: StalwartClient, environ: dict[str, str], records: Records
) -> None:
    suspended = {"@type": "Merge", "enabledPermissions": {}, "disabledPermissions": {"authenticate": True}}
    email = await mailbox(admin, records, permissions=suspended)
    found = (await checks(environ))["mail master"]
    assert (found.state, f"not {email}" in found.details) == ("warning", True)
    await records.rows("DELETE FROM email_accounts")
    await mailbox(admin, records, account_id="zzzzz")
    found = (await checks(environ))["mail master"]
    assert (found.state, "not tried" in found.details) == ("warning", True)


async def test_wrong_master_password_is_reported_after_one_failed_login(
    admin: StalwartClient, environ: dict[str, str], records: Records
) -> None:
    await mailbox(admin, records)
    wrong = environ["POSTROOM_MAIL_MASTER"] + "-not"
    found = (await checks(environ | {"POSTROOM_MAIL_MASTER": wrong}))["mail master"]
    assert (found.state, "a wrong password" in found.details) == ("error", True)
    assert SECRET not in found.details + found.fix
    async with stalwart_with_a_master(problem_answer(401)) as server:
        found = (await checks(environ | {"POSTROOM_STALWART_URL": server.url}))["mail master"]
        logins = [each for each in server.asked if (each.header("authorization") or "").startswith("Basic")]
    assert (found.state, len(logins)) == ("error", 1)


async def test_check_does_not_blame_the_mailbox_for_a_mail_server_that_is_overloaded(
    admin: StalwartClient, environ: dict[str, str], records: Records
) -> None:
    email = await mailbox(admin, records, account_id="b")
    account = {"id": "b", "emailAddress": email}
    async with stalwart_with_a_master(problem_answer(503), ["authenticate", "impersonate"], account) as server:
        found = (await checks(environ | {"POSTROOM_STALWART_URL": server.url}))["mail master"]
    assert (found.state, "overloaded" in found.fix, f"not {email}" in found.details) == ("warning", True, False)


async def test_checks_send_an_unknown_key_at_most_twice(environ: dict[str, str]) -> None:
    async with scripted_upstream() as server:
        server.will(problem_answer(401))
        found = await checks(environ | {"POSTROOM_STALWART_URL": server.url})
        assert len(server.asked) <= 2
    assert found["mail server"].state == "error"
    assert not {"mail master", "webhook", "domain example.org"} & found.keys()


# With app passwords


async def test_check_requires_impersonate_of_our_key_for_app_passwords(
    admin: StalwartClient, environ: dict[str, str], records: Records
) -> None:
    await mailbox(admin, records)
    by_app_passwords = environ | {"POSTROOM_MAIL_MASTER": "", "POSTROOM_ENCRYPTION_KEY": "A" * 43 + "="}
    found = await checks(by_app_passwords)
    assert found["mail server"].state == "error"
    assert "our key lacks impersonate:" in found["mail server"].details
    able = await admin.key_with({**documented(), "impersonate": True})
    found = await checks(by_app_passwords | {"POSTROOM_STALWART_API_KEY": able})
    assert found["mail server"].state == "ok"
    assert "mail master" not in found


# The webhook


async def test_a_webhook_is_made_by_an_administrator_and_each_change_of_it_is_seen(
    admin: StalwartClient, environ: dict[str, str], parts: Parts, administrator: Client, no_hook: None
) -> None:
    found = (await checks(environ))["webhook"]
    assert (found.state, f"none calls {HOOK_URL}" in found.details) == ("error", True)
    done = await fix_webhook(parts, administrator, dry_run=True)
    assert (done.state, done.details) == ("ok", f"would be done: a webhook that calls {HOOK_URL}")
    assert await hooks(admin) == {}
    done = await fix_webhook(parts, administrator, dry_run=False)
    assert (done.state, done.details) == ("ok", f"done: a webhook that calls {HOOK_URL}")
    (number,) = await hooks(admin)
    assert (await checks(environ))["webhook"].state == "ok"
    for patch, state, words in (
        ({"throttle": 1000}, "warning", "throttle: 1000"),
        ({"enable": False}, "error", "enable: false, throttle: 1000"),
        ({"enable": True, "events": {"message-ingest.spam": True}}, "error", "events: message-ingest.spam"),
        ({"signatureKey": {"@type": "None"}}, "error", "signatureKey: none"),
    ):
        await admin.call("x:WebHook/set", update={number: patch})
        found = (await checks(environ))["webhook"]
        assert found.state == state
        assert words in found.details
    done = await fix_webhook(parts, administrator, dry_run=False)
    assert "recreated with our key, which had" in done.details
    assert "signatureKey: none" in done.details
    (again,) = await hooks(admin)
    assert again != number
    assert (await checks(environ))["webhook"].state == "ok"
    assert (await checks(environ | {"POSTROOM_STALWART_WEBHOOK_URL": HOOK_URL.replace(":9/", ":7/")}))[
        "webhook"
    ].details.endswith(f"others call {HOOK_URL}")


async def test_webhook_check_reports_missing_permissions_and_works_with_an_administrator(
    admin: StalwartClient, environ: dict[str, str], administrator: Client, no_hook: None
) -> None:
    blind = await admin.key_with({name: True for name in documented() if name not in READ_PERMISSIONS})
    environ |= {"POSTROOM_STALWART_API_KEY": blind}
    found = (await checks(environ))["webhook"]
    assert (found.state, "lacks sysWebHookGet, sysWebHookQuery" in found.details) == ("warning", True)
    assert (await checks(environ, administrator))["webhook"].details == f"none calls {HOOK_URL}"


async def test_checks_send_one_request_as_a_rejected_administrator(environ: dict[str, str]) -> None:
    wrong = Client(environ["POSTROOM_STALWART_URL"], basic("admin", "wrong"))
    found = await checks(environ, wrong)
    await wrong.aclose()
    assert wrong.requests == 1
    for part in ("webhook", "oauth"):
        assert (found[part].state, "--admin" in found[part].details) == ("error", True)


async def test_our_own_key_cannot_set_it_up_and_the_fix_says_who_can(
    admin: StalwartClient, parts: Parts, no_hook: None
) -> None:
    done = await fix_webhook(parts, None, dry_run=False)
    assert (done.state, "sysWebHookCreate" in done.details, "--admin" in done.fix) == ("error", True, True)
    assert await hooks(admin) == {}
    assert (await fix_webhook(parts, None, dry_run=True)).state == "ok"


# The command


async def test_check_with_fix_applies_fixes_then_checks_and_prints_no_secret(
    admin: StalwartClient, environ: dict[str, str], no_hook: None
) -> None:
    login, password = os.environ.get("STALWART_ADMIN", "admin:pw").split(":", 1)
    postroom = Commands(environ)
    words = ("check", "--fix", "--admin", login, "--stalwart-version", "0.16.19", "--json")
    async with changed(admin, CLIENTS, REGISTERED_ONLY), changed(admin, UPLOADS, SMALL):
        output = await postroom(*words, stdin=f"{password}\n", code=1)  # because of the missing fsync
    findings = [each for each in json.loads(output) if "fsync=off" not in each["details"]]
    assert [each for each in findings if each["state"] != "ok"] == []
    assert [each["details"] for each in findings if each["part"] == "fix"] == [
        f"done: a webhook that calls {HOOK_URL}",
        "done: the upload quota raised to 10,000 files or 1,000 MB",
    ]
    found = {each["part"]: each for each in findings}
    assert found["webhook"]["details"].startswith(f"calls {HOOK_URL}")
    assert len(await hooks(admin)) == 1
    for secret in (environ["POSTROOM_STALWART_API_KEY"], SECRET, HOOK_KEY):
        assert secret not in output
    assert "would be done: the webhook" in await postroom("check", "--fix", "--dry-run", code=1)


@pytest.mark.parametrize(
    ("arguments", "stdin", "words"),
    [
        (["--dry-run"], "", "give both"),
        (["--fix", "--admin", "admin"], "", "no password of admin"),
        (["--stalwart-version", "latest"], "", "such as 0.16.19"),
    ],
)
async def test_wrong_options_are_refused_in_one_line(
    environ: dict[str, str], arguments: list[str], stdin: str, words: str
) -> None:
    message = await Commands(environ)("check", *arguments, stdin=stdin, code=2)
    assert message.count("\n") == 1
    assert words in message


async def test_check_reports_a_rejected_administrator_and_continues_with_our_key(
    environ: dict[str, str], no_hook: None
) -> None:
    words = ("check", "--fix", "--admin", "admin", "--json")
    output = await Commands(environ)(*words, stdin="not-the-password\n", code=1)
    found = {each["part"]: each for each in json.loads(output)}
    assert "Stalwart refuses" in found["fix"]["details"]
    assert found["webhook"]["details"] == f"none calls {HOOK_URL}"  # with our own key
    assert "not-the-password" not in output
