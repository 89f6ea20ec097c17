"""The account by which Postroom acts for people, and its password (POSTROOM_MAIL_MASTER)."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from postroom.errors import Misconfigured
from postroom.setup.administrator import DEADLINE, Administrator
from postroom.setup.own_account import Wanted
from postroom.setup.secret_file import SecretFile
from postroom.setup.step import Step
from postroom.stalwart.allowed_ips import IpNetwork, contains, parsed, spelled
from postroom.stalwart.impersonation import Impersonation
from postroom.stalwart.own_accounts import OwnAccount, OwnAccounts
from postroom.stalwart.permissions import permissions
from postroom.stalwart.registry import StalwartRegistry
from postroom.stalwart.registry_client import StalwartClient

PART = "master password"
NAME = "postroom-mail"
WANTED = Wanted(
    "master account", NAME, "Acts for people at Postroom", "Postroom mail", frozenset({"authenticate", "impersonate"})
)


@dataclass(frozen=True, slots=True)
class Sources:
    """The addresses from which the password is accepted; none means all. `named`: by the administrator, not found by
    this host itself."""

    addresses: Sequence[IpNetwork]
    named: bool = False

    def __str__(self) -> str:
        return f"from {', '.join(map(spelled, self.addresses))} only" if self.addresses else "from all addresses"


@dataclass(frozen=True, slots=True)
class _Refusal:
    words: str
    unauthorized: bool = False


async def ensure_password(
    by: Administrator, account: OwnAccount | None, domain: str, file: SecretFile, sources: Sources
) -> Step:
    """Make sure that the file holds a password of this account. Raises `ConfigurationError` and `MailServerError`s."""
    if secret := file.read():
        return await _checked(by, account, Impersonation(secret), file, sources)
    details = f"set, and written to {file.path}; accepted {sources}"
    if by.dry_run or account is None:
        return Step(PART, "would change", details)
    file.require_writable()
    others = "copy that file to all hosts of Postroom" if account.password[1] else ""
    master = f"{NAME}@{domain}:{secrets.token_hex(32)}"
    await OwnAccounts(by.client, by.registry).set_password(account, master.partition(":")[2], sources.addresses)
    file.write(master)
    if refusal := await _refusal(by.client.url, Impersonation(master)):
        return Step(PART, "error", f"{details}; but {refusal.words}", _OTHER_ADDRESS)
    return Step(PART, "changed", details, others)


async def _checked(
    by: Administrator, account: OwnAccount | None, login: Impersonation, file: SecretFile, sources: Sources
) -> Step:
    refusal = await _refusal(by.client.url, login)
    ours = account if account and account.email_address == login.login else None
    new = _not_allowed(ours, sources) if ours and (sources.named or refusal) else []
    if ours is None or not new or (refusal and refusal.unauthorized):
        if refusal is None:
            return Step(PART, "ok", f"the one in {file.source} works: {login.login} may impersonate")
        fix = f"{file.removal}, and run this command again: it sets another"
        return Step(PART, "error", f"{refusal.words}; {file.source} was not changed", fix)
    details = f"{login.login} may also log in from {', '.join(map(spelled, new))}"
    if by.dry_run:
        return Step(PART, "would change", details)
    await OwnAccounts(by.client, by.registry).allow(ours, new)
    if refusal := await _refusal(by.client.url, login):
        return Step(PART, "error", f"{details}; but {refusal.words}", _OTHER_ADDRESS)
    return Step(PART, "changed", details)


_OTHER_ADDRESS = "if Stalwart sees another address of this host, run this command again with --address IP"


def _not_allowed(account: OwnAccount, sources: Sources) -> list[IpNetwork]:
    """The addresses from which its password is not accepted yet."""
    _, credential = account.password
    if credential is None or not credential.allowed_ips:
        return []
    allowed = [network for each in credential.allowed_ips if (network := parsed(each))]
    return [each for each in sources.addresses if not any(contains(network, each) for network in allowed)]


async def _refusal(url: str, login: Impersonation) -> _Refusal | None:
    """Why this account cannot act for people; None if it can. It logs in as itself, once."""
    client = StalwartClient(url, login.own_header)
    registry = StalwartRegistry(client, mark_domain="")
    try:
        held = await registry.within(DEADLINE, lambda left: permissions(client, deadline=left))
    except Misconfigured as error:
        if error.unauthorized:
            return _Refusal(f"Stalwart does not accept {login.login} with this password", unauthorized=True)
        return _Refusal(f"{login.login} may not log in from here: {error}")
    finally:
        await client.aclose()
    return None if "impersonate" in held else _Refusal(f"{login.login} lacks the permission impersonate")
