"""`postroom setup stalwart`: on the stand-in, or on a real one (conftest.py). Each test has its own domain."""

import json
import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from commands import Commands
from postroom.setup.service_account import ROLE
from scripted_upstream import json_answer, problem_answer, scripted_upstream
from servers import Database
from stalwart_client import StalwartClient, unique
from stalwart_settings import (
    CLIENTS,
    OPEN,
    PORT_25,
    REGISTERED_ONLY,
    RESULTS,
    SCRIPTS,
    SMALL,
    UPLOADS,
    change,
    changed,
    disallow,
    values,
)

PORT_2525: dict[str, Any] = {
    "addAuthResultsHeader": {"match": {"0": {"if": "local_port == 2525", "then": "true"}}, "else": "false"}
}
VERSION = ("--stalwart-version", "0.16.19")
EVERYTHING = ("--impersonate", "--registered-oauth-clients", "--allowed-ip", "127.0.0.1", *VERSION)
UNSET = {"POSTROOM_STALWART_URL": "", "POSTROOM_DOMAINS": ""}
LOGIN, _, PASSWORD = os.environ.get("STALWART_ADMIN", "admin:pw").partition(":")


@dataclass
class Setup:
    """The command as an administrator runs it, on a host without a database."""

    admin: StalwartClient
    domain: str
    domain_id: str
    folder: Path
    environment: dict[str, str]
    login: str = LOGIN
    password: str = PASSWORD
    printed: list[str] = field(default_factory=list[str])

    async def __call__(self, *words: str, code: int = 0, **more: str) -> dict[str, dict[str, str]]:
        """The steps by part."""
        output = await self.text(*words, "--json", code=code, **more)
        return {step["part"]: step for step in json.loads(output)["steps"]}

    async def text(self, *words: str, code: int = 0, **more: str) -> str:
        command = ("setup", "stalwart", "--admin", self.login, "--secrets", str(self.folder), *words)
        output = await Commands(self.environment)(*command, stdin=f"{self.password}\n", code=code, **more)
        self.printed.append(output)
        return output

    def secret(self, name: str) -> str:
        return (self.folder / name).read_text().strip()

    async def account(self, name: str) -> Any:
        found = await self.admin.call("x:Account/query", filter={"name": name, "domainId": self.domain_id})
        return await self.admin.get(found["ids"][0]) if found["ids"] else None

    async def keys(self) -> list[str]:
        account = await self.account("postroom-service")
        found = await self.admin.call("x:ApiKey/get", accountId=account["id"], ids=None)
        return sorted(key["id"] for key in found["list"])

    async def role(self, name: str) -> Any:
        ((role, _),) = (await self.account(name))["roles"]["roleIds"].items()
        return await self.admin.get(role, "Role")

    async def hooks(self) -> list[str]:
        ids = {"resultOf": "0", "name": "x:WebHook/query", "path": "/ids"}
        _, found = await self.admin.calls(("x:WebHook/query", {"filter": {}}), ("x:WebHook/get", {"#ids": ids}))
        return [
            each["id"] for each in found["list"] if each["url"] == self.environment["POSTROOM_STALWART_WEBHOOK_URL"]
        ]


def states(steps: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    return {part: step["state"] for part, step in steps.items()}


@pytest.fixture
async def setup(admin: StalwartClient, tmp_path: Path) -> AsyncIterator[Setup]:
    domain = f"{unique('of')}.test"
    environment = {
        "POSTROOM_STALWART_URL": admin.url,
        "POSTROOM_DOMAINS": f"{domain},example.org",
        "POSTROOM_STALWART_WEBHOOK_URL": f"http://127.0.0.1:9/internal/mail/{domain}",
    }
    setup = Setup(admin, domain, await admin.ensure_domain(domain), tmp_path / "secrets", environment)
    async with (
        changed(admin, UPLOADS, SMALL),
        changed(admin, RESULTS, PORT_25),
        changed(admin, SCRIPTS, {"disableCapabilities": {"enotify": True, "replace": False}}),
        changed(admin, CLIENTS, REGISTERED_ONLY),
    ):
        yield setup
    if hooks := await setup.hooks():
        await admin.call("x:WebHook/set", destroy=hooks)
    for file in setup.folder.glob("*"):
        for secret in (file.read_text().strip().rpartition(":")[2], PASSWORD if len(PASSWORD) > 4 else file.name * 9):
            assert not any(secret in output for output in setup.printed), file


# Everything


async def test_check_is_ok_after_setup(setup: Setup, database: Database) -> None:
    await change(setup.admin, CLIENTS, OPEN)
    steps = await setup(*EVERYTHING)
    assert states(steps) == {
        "Stalwart version": "ok",
        f"domain {setup.domain}": "ok",
        "domain example.org": "ok",
        "service account": "changed",
        "API key": "changed",
        "API key addresses": "changed",
        "create probe": "ok",
        "master account": "changed",
        "master password": "changed",
        "allowed IP": "ok",
        "webhook": "changed",
        "upload quota": "changed",
        "Authentication-Results": "changed",
        "user scripts": "changed",
        "OAuth clients": "changed",
    }
    assert await values(setup.admin, RESULTS, *PORT_25) == {"addAuthResultsHeader": {"match": {}, "else": "true"}}
    disabled = dict.fromkeys(("enotify", "editheader", "enclose", "replace"), True)
    assert await values(setup.admin, SCRIPTS, "disableCapabilities") == {"disableCapabilities": disabled}
    names = {"STALWART_API_KEY", "MAIL_MASTER", "STALWART_WEBHOOK_KEY"}
    files = {f"POSTROOM_{name}_FILE": str(setup.folder / name.lower().replace("_", "-")) for name in names}
    assert {path.name for path in setup.folder.iterdir()} == {Path(path).name for path in files.values()}
    assert {path.stat().st_mode & 0o777 for path in setup.folder.iterdir()} == {0o600}
    async with scripted_upstream() as kratos:
        kratos.will(json_answer({"status": "ok"}))
        more = {
            "POSTROOM_DATABASE_URL": database.service_url,
            "POSTROOM_WEBHOOK_KEY": "key-of-the-tests-0123456789",
            "POSTROOM_KRATOS_PUBLIC_URL": kratos.url,
            "POSTROOM_KRATOS_ADMIN_URL": kratos.url,
            "POSTROOM_PUBLIC_URL": "https://mail.example.org",
            "POSTROOM_TRUSTED_PROXIES": "127.0.0.1",
        }
        found = await Commands(setup.environment | files | more).json("check", *VERSION, code=1)
    unwell = [each for each in found if each["state"] != "ok" and "fsync=off" not in str(each)]
    assert unwell == []


async def test_a_second_run_finds_all_of_it_and_changes_nothing(setup: Setup) -> None:
    await setup(*EVERYTHING)
    before = await state_of(setup)
    assert set(states(await setup(*EVERYTHING)).values()) == {"ok"}
    assert await state_of(setup) == before
    lacking = json.loads(await setup.text(*EVERYTHING, "--json"))["settings"]
    assert lacking["POSTROOM_STALWART_API_KEY_FILE"] == str(setup.folder / "stalwart-api-key")
    named = await setup.text(*EVERYTHING, "--json", **lacking)
    assert json.loads(named)["settings"] == {}


async def state_of(setup: Setup) -> Any:
    accounts = [await setup.account("postroom-service"), await setup.account("postroom-mail")]
    roles = [await setup.role(account["name"]) for account in accounts]
    files = {path.name: (path.read_text(), path.stat().st_mtime_ns) for path in setup.folder.iterdir()}
    return accounts, roles, files, await setup.hooks()


async def test_a_dry_run_changes_nothing(setup: Setup) -> None:
    steps = await setup("--impersonate", "--dry-run")
    assert steps["API key"]["state"] == steps["master account"]["state"] == "would change"
    assert (steps["create probe"]["state"], f"postroom-probe@{setup.domain}" in steps["create probe"]["details"]) == (
        "would change",
        True,
    )
    assert not setup.folder.exists()
    assert (await setup.account("postroom-service"), await setup.account("postroom-mail")) == (None, None)
    assert (await setup.hooks(), await values(setup.admin, RESULTS, *PORT_25)) == ([], PORT_25)
    (disabled,) = (await values(setup.admin, SCRIPTS, "disableCapabilities")).values()
    assert not disabled.get("editheader")


async def test_without_mail_for_people_only_a_key_is_made_which_holds_what_is_needed(setup: Setup) -> None:
    steps = await setup()
    assert [part for part, step in steps.items() if step["state"] == "changed"] == ["service account", "API key"]
    assert "--impersonate" in steps["mail for people"]["fix"]
    assert (await setup.account("postroom-mail"), await setup.hooks()) == (None, [])
    assert (await setup.role("postroom-service"))["enabledPermissions"].keys() == ROLE
    account = await setup.account("postroom-service")
    assert [each["@type"] for each in account["credentials"].values()] == ["ApiKey"], "no password to log in by"


# The role and its account


async def test_what_people_may_by_default_on_this_server_is_in_the_role(setup: Setup) -> None:
    """An account cannot grant another one more permissions than its own, and another version of Stalwart, or an
    operator, may grant people more."""
    (authentication,) = (await setup.admin.call("x:Authentication/get", ids=["singleton"]))["list"]
    (user,) = authentication["defaultUserRoleIds"]
    before = (await setup.admin.get(user, "Role"))["enabledPermissions"]
    await setup.admin.call("x:Role/set", update={user: {"enabledPermissions/liveTracing": True}})
    try:
        await setup()
        assert (await setup.role("postroom-service"))["enabledPermissions"].keys() == ROLE | {"liveTracing"}
    finally:
        await setup.admin.call("x:Role/set", update={user: {"enabledPermissions": before}})
    assert "liveTracing" not in (await setup.admin.get(user, "Role"))["enabledPermissions"]


async def test_permissions_that_its_role_lacks_are_added_and_those_of_other_roles_are_not(setup: Setup) -> None:
    ours = await setup.admin.role("authenticate", description="Postroom")
    other = await setup.admin.role("authenticate", "sysDomainGet")
    roles = {"@type": "Custom", "roleIds": {ours: True, other: True}}
    await setup.admin.create("postroom-service", domainId=setup.domain_id, roles=roles)
    assert "its role 'Postroom' got" in (await setup())["service account"]["details"]
    held = (await setup.admin.get(ours, "Role"))["enabledPermissions"].keys()
    assert held == ROLE - {"sysDomainGet"}
    assert len((await setup.admin.get(other, "Role"))["enabledPermissions"]) == 2
    assert (await setup())["service account"]["state"] == "ok"


async def test_an_account_with_roles_of_others_gets_one_of_its_own(setup: Setup) -> None:
    other = await setup.admin.role("authenticate")
    roles = {"@type": "Custom", "roleIds": {other: True}}
    await setup.admin.create("postroom-service", domainId=setup.domain_id, roles=roles)
    assert (await setup())["service account"]["state"] == "changed"
    held = (await setup.account("postroom-service"))["roles"]["roleIds"]
    assert (len(held), other in held) == (2, True)
    assert (await setup.admin.get(other, "Role"))["enabledPermissions"] == {"authenticate": True}


@pytest.mark.parametrize("name", ["postroom-service", "postroom-mail"])
async def test_the_account_of_a_person_is_not_taken_over(setup: Setup, name: str) -> None:
    await setup.admin.create(name, domainId=setup.domain_id)
    steps = await setup("--impersonate", code=1)
    part = {"postroom-service": "service account", "postroom-mail": "master account"}[name]
    assert (steps[part]["state"], "belongs to somebody else" in steps[part]["details"]) == ("error", True)
    account = await setup.account(name)
    assert (account["roles"], account["credentials"]) == ({"@type": "User"}, {})


# The API key


async def test_a_lost_key_is_replaced_and_the_old_one_can_be_removed_by_its_id(setup: Setup) -> None:
    await setup()
    (old,) = await setup.keys()
    lost = setup.secret("stalwart-api-key")
    (setup.folder / "stalwart-api-key").unlink()
    steps = await setup()
    assert (steps["API key"]["state"], f"other keys: {old} (Postroom on" in steps["API key"]["details"]) == (
        "changed",
        True,
    )
    (new,) = set(await setup.keys()) - {old}
    refused = (await setup("--remove-key", new, code=1))["API key"]
    assert "was not removed" in refused["details"]
    assert (await setup("--remove-key", old, "--dry-run"))["API key"]["state"] == "would change"
    assert await setup.keys() == sorted([old, new])
    assert (await setup("--remove-key", old))["API key"]["state"] == "changed"
    assert await setup.keys() == [new]
    assert (await setup("--remove-key", old))["API key"]["state"] == "ok"
    async with StalwartClient(setup.admin.url, lost).http as http:
        assert (await http.get("/api/account")).status_code == 401


async def test_setup_does_not_replace_a_key_that_stalwart_rejects(setup: Setup) -> None:
    setup.folder.mkdir()
    (setup.folder / "stalwart-api-key").write_text("API_of-another-server\n")
    steps = await setup(code=1)
    assert "does not know the key" in steps["API key"]["details"]
    assert "API_of-another-server" not in str(steps)
    assert setup.secret("stalwart-api-key") == "API_of-another-server"
    assert await setup.keys() == []


async def test_setup_warns_of_a_secret_file_that_every_user_can_read(setup: Setup) -> None:
    await setup()
    file = setup.folder / "stalwart-api-key"
    file.chmod(0o644)
    step = (await setup())["secret files"]
    assert (step["state"], step["details"]) == ("warning", f"every user of this host can read {file}")
    assert step["fix"] == f"chmod o= {file}"
    file.chmod(0o600)
    assert "secret files" not in await setup()


async def test_key_in_the_environment_is_used_unless_it_is_of_another_account(setup: Setup) -> None:
    await setup()
    key = setup.secret("stalwart-api-key")
    (setup.folder / "stalwart-api-key").unlink()
    steps = await setup(POSTROOM_STALWART_API_KEY=key)
    assert steps["API key"]["details"] == "the key in POSTROOM_STALWART_API_KEY works"
    stranger = await setup.admin.create(unique(), domainId=setup.domain_id)
    other = (await setup.admin.try_create("ApiKey", account=stranger, description="k"))["created"]["secret"]
    steps = await setup(POSTROOM_STALWART_API_KEY=other)
    assert (steps["API key"]["state"], "belongs to another account" in steps["API key"]["details"]) == ("warning", True)


async def test_no_key_is_created_if_its_file_cannot_be_written(setup: Setup) -> None:
    setup.folder = Path("/proc/secrets")  # not even root can create a folder there
    steps = await setup(code=1)
    assert "cannot be written" in steps["API key"]["details"]
    assert await setup.keys() == []


async def test_key_is_bound_to_the_named_hosts_also_one_that_exists(setup: Setup) -> None:
    unbound = (await setup())["API key addresses"]
    assert (unbound["state"], "--allowed-ip" in unbound["fix"]) == ("warning", True)
    hosts = ("--allowed-ip", "127.0.0.1", "--allowed-ip", "10.0.0.0/24")
    assert (await setup(*hosts, "--dry-run"))["API key addresses"]["state"] == "would change"
    assert await accepted_from(setup) == {}
    assert (await setup(*hosts))["API key addresses"]["state"] == "changed"
    assert await accepted_from(setup) == {"127.0.0.1": True, "10.0.0.0/24": True}
    for words in (hosts, ()):
        step = (await setup(*words))["API key addresses"]
        assert (step["state"], step["details"]) == ("ok", "accepted from 10.0.0.0/24, 127.0.0.1 only")


async def test_key_that_is_refused_from_here_is_bound_to_this_host_by_its_address(setup: Setup) -> None:
    warned = (await setup("--allowed-ip", "10.0.0.5", "--dry-run"))["this host"]
    assert (warned["state"], "--allowed-ip 127.0.0.1" in warned["fix"]) == ("warning", True)
    steps = await setup("--allowed-ip", "10.0.0.5", code=1)
    assert (steps["API key"]["state"], steps["create probe"]["state"]) == ("changed", "error")
    assert "--allowed-ip" in steps["create probe"]["fix"]
    refused = (await setup(code=1))["API key"]
    assert (refused["state"], "from this host" in refused["details"]) == ("error", True)
    steps = await setup("--allowed-ip", "127.0.0.1")
    assert (steps["API key addresses"]["state"], steps["API key"]["state"]) == ("changed", "ok")


async def accepted_from(setup: Setup) -> dict[str, bool]:
    (credential,) = (await setup.account("postroom-service"))["credentials"].values()
    return credential["allowedIps"]


# The master account


async def test_lost_master_password_is_replaced_and_bound_to_this_host(setup: Setup) -> None:
    await setup("--impersonate")
    old = setup.secret("mail-master")
    (setup.folder / "mail-master").unlink()
    steps = await setup("--impersonate")
    assert "accepted from 127.0.0.1 only" in steps["master password"]["details"]
    assert "all hosts" in steps["master password"]["fix"]
    assert (await login(setup, old), await login(setup, setup.secret("mail-master"))) == (401, 200)
    (credential,) = (await setup.account("postroom-mail"))["credentials"].values()
    assert credential["allowedIps"] == {"127.0.0.1": True}


async def test_the_address_of_a_further_host_is_added(setup: Setup) -> None:
    await setup("--impersonate")
    number = (await setup.account("postroom-mail"))["id"]
    assert await setup.admin.update(number, **{"credentials/0/allowedIps": {"10.0.0.5": True}}) == {}
    assert await login(setup, setup.secret("mail-master")) == 403
    assert (await setup("--impersonate"))["master password"]["state"] == "changed"
    assert await login(setup, setup.secret("mail-master")) == 200
    (credential,) = (await setup.account("postroom-mail"))["credentials"].values()
    assert credential["allowedIps"] == {"10.0.0.5": True, "127.0.0.1": True}


async def test_setup_does_not_replace_a_wrong_master_password(setup: Setup) -> None:
    await setup("--impersonate")
    wrong = setup.secret("mail-master") + "-not"
    (setup.folder / "mail-master").write_text(wrong)
    steps = await setup("--impersonate", code=1)
    assert "does not accept" in steps["master password"]["details"]
    assert setup.secret("mail-master") == wrong


async def test_given_address_replaces_the_detected_one(setup: Setup) -> None:
    steps = await setup("--impersonate", "--address", "10.7.7.7", code=1)
    # It is not ours, so the server rejects the new password from here.
    assert "--address" in steps["master password"]["fix"]
    (credential,) = (await setup.account("postroom-mail"))["credentials"].values()
    assert credential["allowedIps"] == {"10.7.7.7": True}
    assert (await setup("--address", "10.7.7.7"))["allowed IP"]["state"] == "ok"
    await disallow(setup.admin, "127.0.0.0/28")  # an earlier run on this server may have left it
    steps = await setup("--impersonate", "--address", "127.0.0.0/28")
    assert (steps["master password"]["state"], steps["allowed IP"]["state"]) == ("changed", "changed")
    assert await login(setup, setup.secret("mail-master")) == 200
    steps = await setup("--impersonate", "--address", "127.0.0.9")
    assert (steps["master password"]["state"], steps["allowed IP"]["state"]) == ("ok", "ok")


async def login(setup: Setup, master: str) -> int:
    name, _, password = master.partition(":")
    async with httpx2.AsyncClient(base_url=setup.admin.url, trust_env=False) as http:
        return (await http.get("/api/account", auth=(name, password))).status_code


async def test_by_app_passwords_our_key_impersonates_and_no_master_account_is_made(setup: Setup) -> None:
    steps = await setup("--impersonate", POSTROOM_ENCRYPTION_KEY="A" * 43 + "=")
    assert "master account" not in steps
    assert (await setup.role("postroom-service"))["enabledPermissions"].keys() == ROLE | {"impersonate"}


# The webhook


async def test_a_webhook_whose_key_was_lost_is_made_anew(setup: Setup) -> None:
    await setup("--impersonate")
    (old,), key = await setup.hooks(), setup.secret("stalwart-webhook-key")
    (setup.folder / "stalwart-webhook-key").unlink()
    assert (await setup("--impersonate"))["webhook"]["state"] == "changed"
    (new,) = await setup.hooks()
    assert new != old
    assert setup.secret("stalwart-webhook-key") != key
    await setup.admin.call("x:WebHook/set", update={new: {"enable": False}})
    assert (await setup("--impersonate"))["webhook"]["state"] == "changed"
    assert (await setup("--impersonate"))["webhook"]["state"] == "ok"


async def test_condition_of_the_operator_for_authentication_results_is_kept_with_a_warning(setup: Setup) -> None:
    await change(setup.admin, RESULTS, PORT_2525)
    step = (await setup("--impersonate"))["Authentication-Results"]
    assert (step["state"], await values(setup.admin, RESULTS, *PORT_2525)) == ("warning", PORT_2525)
    assert step["fix"]


# Errors that end the command


async def test_nothing_is_set_up_on_a_version_that_is_too_old(setup: Setup) -> None:
    steps = await setup("--stalwart-version", "0.16.14", code=1)
    assert states(steps) == {"Stalwart version": "error"}
    assert await setup.account("postroom-service") is None


async def test_missing_domain_is_reported_and_not_created(setup: Setup) -> None:
    domains = {"POSTROOM_DOMAINS": "missing.test", "POSTROOM_MARK_DOMAIN": "missing.test"}
    steps = await setup(code=1, **domains)
    assert states(steps) == {
        "Stalwart version": "warning",
        "domain missing.test": "error",
        "service account": "error",
    }
    assert (await setup.admin.call("x:Domain/query", filter={"name": "missing.test"}))["ids"] == []
    domains["POSTROOM_MARK_DOMAIN"] = setup.domain
    steps = await setup(code=1, **domains)
    assert (steps["domain missing.test"]["state"], steps["API key"]["state"]) == ("error", "changed")


async def test_wrong_administrator_password_is_sent_once_and_reported_in_one_line(setup: Setup) -> None:
    async with scripted_upstream() as server:
        server.will(problem_answer(401))
        reported = await setup.text(code=2, POSTROOM_STALWART_URL=server.url)
        assert len(server.asked) == 1
    assert (reported.count("\n"), f"refuses the login {LOGIN} or its password" in reported) == (1, True)


async def test_login_without_administrator_rights_learns_which_permissions_it_lacks(setup: Setup) -> None:
    setup.login, setup.password = f"{unique()}@{setup.domain}", "seven-green-ladders-climb-41"
    password = {"0": {"@type": "Password", "secret": setup.password}}
    await setup.admin.create(setup.login.partition("@")[0], domainId=setup.domain_id, credentials=password)
    reported = await setup.text(code=2)
    assert (reported.count("\n"), "not an administrator" in reported, "sysRoleCreate" in reported) == (1, True, True)


async def test_unsupported_server_is_reported_in_one_line(setup: Setup) -> None:
    async with scripted_upstream() as server:
        account = {"accountCapabilities": {"urn:ietf:params:jmap:mail": {}}}
        server.will(json_answer({"accounts": {"b": account}, "primaryAccounts": {}}))
        reported = await setup.text(code=2, POSTROOM_STALWART_URL=server.url)
    assert (reported.count("\n"), "needs Stalwart 0.16.15 or newer" in reported) == (1, True)


@pytest.mark.parametrize(
    ("words", "password", "environment", "expected"),
    [
        ((), PASSWORD, {}, ["127.0.0.1:9 cannot be reached: connection refused", "correct the host and the port in"]),
        ((), PASSWORD, UNSET, ["POSTROOM_STALWART_URL is not set", "POSTROOM_DOMAINS is not set"]),
        (("--address", "here"), "", {}, ["--address here: an IP address"]),
        (("--allowed-ip", "0.0.0.0/0"), "", {}, ["--allowed-ip 0.0.0.0/0: Stalwart binds a key"]),
        (("--stalwart-version", "1.x"), "", {}, ["--stalwart-version 1.x: a version of Stalwart is needed"]),
        ((), "", {}, [f"no password of {LOGIN}"]),
    ],
    ids=["unreachable", "settings", "address", "network", "version", "password"],
)
async def test_what_prevents_the_command_is_named_in_one_line(
    setup: Setup, words: tuple[str, ...], password: str, environment: dict[str, str], expected: list[str]
) -> None:
    setup.password = password
    reported = await setup.text(*words, code=2, **{"POSTROOM_STALWART_URL": "http://127.0.0.1:9"} | environment)
    assert (reported.count("\n"), [each for each in expected if each not in reported]) == (1, [])
    assert "POSTROOM_DATABASE_URL" not in reported
