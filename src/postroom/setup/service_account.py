"""The account by which Postroom provisions mailboxes, and its API key."""

import socket
from collections.abc import Sequence

from postroom.domain.mailbox import ProbeMailbox
from postroom.errors import ConfigurationError, Misconfigured
from postroom.setup.administrator import DEADLINE, Administrator
from postroom.setup.own_account import Wanted
from postroom.setup.secret_file import SecretFile
from postroom.setup.step import Step
from postroom.stalwart import allowed_ips, host_name, oauth_clients, upload_quota, webhook_setup
from postroom.stalwart.api_keys import ApiKey, ApiKeys, id_of
from postroom.stalwart.detection import detect
from postroom.stalwart.own_accounts import OwnAccount, OwnAccounts
from postroom.stalwart.permissions import PROVISIONING, ROLE_USER
from postroom.stalwart.registry import StalwartRegistry
from postroom.stalwart.registry_client import StalwartClient
from postroom.stalwart.roles import Roles, granted

ACCOUNT = "service account"
PART = "API key"
PROBE = "create probe"
NAME = "postroom-service"

CHECKS = frozenset[str]().union(
    *(each.READ_PERMISSIONS for each in (allowed_ips, host_name, oauth_clients, upload_quota, webhook_setup))
)
"""The permissions by which `postroom check` reads the settings of the server."""

ROLE = PROVISIONING | CHECKS | ROLE_USER
"""Of 0.16.19, as src/postroom/deploy/stalwart/role.json lists it."""

_FROM_HERE = (
    "if Postroom runs on this host, run this command again, and name its address, too, as Stalwart sees it, by "
    "--allowed-ip IP; if it does not, this is as it should be"
)


async def wanted_account(by: Administrator, *, app_passwords: bool) -> Wanted:
    """The service account as it should be. `app_passwords`: it creates an app password for each person. Raises
    `MailServerError`s."""
    roles = Roles(by.client, by.registry)
    by_id = {role.id: role for role in await roles.listed()}
    # Another version of Stalwart, or an operator, may give people more permissions than 0.16.19 does. No account can
    # create one with more permissions than its own.
    of_people = granted(await roles.of_people(), by_id)
    more = frozenset({"impersonate"}) if app_passwords else frozenset[str]()
    return Wanted(ACCOUNT, NAME, "Provisions mailboxes for Postroom", "Postroom", ROLE | of_people | more)


async def ensure_key(by: Administrator, account: OwnAccount | None, file: SecretFile) -> Step:
    """Make sure that the file holds an API key of this account. Raises `ConfigurationError` and `MailServerError`s."""
    if secret := file.read():
        return await _checked(by, account, file, secret)
    keys = ApiKeys(by.client, by.registry)
    before: Sequence[ApiKey] = await keys.of(account.id) if account else ()
    if by.dry_run or account is None:
        return Step(PART, "would change", f"created, and written to {file.path}{_others(before)}")
    file.require_writable()
    made = await keys.make(account.id, f"Postroom on {socket.gethostname()}")
    try:
        file.write(made.secret)
    except BaseException:
        await keys.remove(account.id, made.id)  # nobody has its secret
        raise
    return Step(PART, "changed", f"created ({made.id}), and written to {file.path}{_others(before)}")


async def _checked(by: Administrator, account: OwnAccount | None, file: SecretFile, secret: str) -> Step:
    try:
        owner = await _owner(by.client.url, secret)
    except Misconfigured as error:
        if not error.unauthorized:
            details = f"Stalwart refuses the key in {file.source} from this host: {error}"
            return Step(PART, "error", details, _FROM_HERE)
        details = f"Stalwart does not know the key in {file.source}; it was not changed"
        return Step(PART, "error", details, f"{file.removal}, and run this command again: it creates another")
    if account is None or owner != account.id:
        details = f"the key in {file.source} belongs to another account; it was not changed"
        return Step(PART, "warning", details, f"{file.removal}, and run this command again: it creates another")
    others = [key for key in await ApiKeys(by.client, by.registry).of(account.id) if key.id != id_of(secret)]
    return Step(PART, "ok", f"the key in {file.source} works{_others(others)}")


async def try_key(by: Administrator, mark_domain: str, quota: int | None, file: SecretFile) -> Step:
    """Create Postroom's own mailbox with the key in the file, as the create probe does. Raises `ConfigurationError`."""
    mailbox = ProbeMailbox(mark_domain)
    client = StalwartClient(by.client.url, f"Bearer {file.read()}")
    try:
        problem = await StalwartRegistry(client, mark_domain=mark_domain, quota=quota).create_probe()
    finally:
        await client.aclose()
    if problem:
        details = f"the key makes no mailbox: {problem}"
        return Step(PROBE, "error", details, problem.fix or "fix what it names, then run this command again")
    return Step(PROBE, "ok", f"the key makes mailboxes: {mailbox.email} is Postroom's own; keep it")


async def planned_try(by: Administrator, mark_domain: str) -> Step:
    """What `try_key` would do. Raises `MailServerError`s."""
    mailbox = ProbeMailbox(mark_domain)
    if await OwnAccounts(by.client, by.registry).find(mailbox.local_part, mark_domain):
        return Step(PROBE, "ok", f"{mailbox.email} exists: the key is tried with it")
    details = f"the key is tried by creating {mailbox.email}, which is then Postroom's own: keep it"
    return Step(PROBE, "would change", details)


async def remove_key(by: Administrator, account: OwnAccount | None, file: SecretFile, key_id: str) -> Step:
    """Remove an API key of the service account. Raises `ConfigurationError` and `MailServerError`s."""
    if key_id == id_of(file.read() or ""):
        raise ConfigurationError(f"{key_id} is the key in {file.source}, which this host uses; it was not removed")
    keys = ApiKeys(by.client, by.registry)
    found = [key for key in await keys.of(account.id) if key.id == key_id] if account else []
    if account is None or not found:
        return Step(PART, "ok", f"the service account has no key {key_id}")
    if not by.dry_run:
        await keys.remove(account.id, key_id)
    return Step(PART, "would change" if by.dry_run else "changed", f"removed: {_named(found)}")


async def _owner(url: str, secret: str) -> str:
    """The id of the account that the key belongs to."""
    client = StalwartClient(url, f"Bearer {secret}")
    registry = StalwartRegistry(client, mark_domain="")
    try:
        return await registry.within(DEADLINE, lambda left: detect(client, deadline=left))
    finally:
        await client.aclose()


def _others(keys: Sequence[ApiKey]) -> str:
    """Other keys are named, not removed: another host may use them."""
    return f"; other keys: {_named(keys)}; if no host uses one: --remove-key ID" if keys else ""


def _named(keys: Sequence[ApiKey]) -> str:
    return ", ".join(
        f"{key.id} ({key.description or 'no description'}, {key.created_at:%Y-%m-%d %H:%M})" for key in keys
    )
