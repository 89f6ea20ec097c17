"""Checks the master account by which Postroom acts for people: its permissions, and that it works."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from psycopg.errors import InsufficientPrivilege, UndefinedTable

from postroom.checks.finding import Finding
from postroom.checks.mail_server import DANGEROUS, DEADLINE
from postroom.composition.parts import Parts
from postroom.errors import ConfigurationError, DatabaseUnavailable, MailServerError, Misconfigured, Transient
from postroom.mailboxes.ports import MailAccount
from postroom.postgres.connection import row
from postroom.stalwart.impersonation import Impersonation
from postroom.stalwart.permissions import permissions
from postroom.stalwart.registry_client import StalwartClient
from postroom.stalwart.response_models import AccountList
from postroom.stalwart.version import NEEDED

T = TypeVar("T")

PART = "mail master"
MAKE_ONE = "run postroom setup stalwart --admin LOGIN --impersonate, which makes a master account"


async def mail_master(parts: Parts) -> Finding | None:
    """None if no master account is configured.

    It logs in as itself first, because Stalwart refuses `person%master` in the same way whichever of the two is wrong.
    So a wrong password costs one failed login, of which Stalwart allows a hundred a day.
    """
    secret = parts.settings.mail_master
    if secret is None:
        return None
    try:
        master = Impersonation(secret.get_secret_value())
    except ConfigurationError:
        return None  # `mail` says so
    try:
        held = await _asked(parts, master.own_header, lambda client, left: permissions(client, deadline=left))
    except MailServerError as error:
        return of_refusal(master.login, error)
    return of_master(master.login, held) or await _tried(parts, master)


def of_refusal(login: str, error: MailServerError) -> Finding:
    """The finding for a master account that could not log in as itself."""
    if isinstance(error, Misconfigured) and error.unauthorized:
        return Finding(
            PART,
            "error",
            f"Stalwart refuses {login}: a wrong password, no such account, or allowedIps that leave this host out",
            "correct POSTROOM_MAIL_MASTER before people log in: Stalwart bans a host after 100 failed logins a day",
        )
    return Finding(PART, "error", f"{login}: {error}", MAKE_ONE)


def of_master(login: str, held: frozenset[str]) -> Finding | None:
    """The finding for a master account with these permissions; None if they are right."""
    if missing := sorted({"authenticate", "impersonate"} - held):
        return Finding(PART, "error", f"{login} lacks {', '.join(missing)}", MAKE_ONE)
    if surplus := sorted(DANGEROUS - {"impersonate"} & held):
        return Finding(PART, "warning", f"{login} holds more permissions than it needs: {', '.join(surplus)}", MAKE_ONE)
    return None


async def _tried(parts: Parts, master: Impersonation) -> Finding:
    account = await _some_mailbox(parts)
    if account is None:
        return Finding(PART, "ok", f"{master.login} may impersonate; there is no mailbox yet to try it with")
    try:
        if not await _is_there(parts, account):
            # A login to it would be one more failed login.
            detail = (
                f"not tried: Stalwart has no {account.email} with the id {account.account_id}, though it is on record"
            )
            return Finding(PART, "warning", detail, "see what happened to that mailbox: postroom log " + account.email)
        header = await master.header(account)
        session = await _asked(parts, header, lambda client, left: client.get("/jmap/session", deadline=left))
    except Transient as error:
        detail = f"{master.login} may impersonate; trying it with {account.email} failed: {error}"
        return Finding(PART, "warning", detail, "see whether Stalwart is overloaded, then run postroom check again")
    except MailServerError as error:
        return Finding(
            PART,
            "warning",
            f"{master.login} may impersonate, but not {account.email}: {error}",
            f"see whether that mailbox is suspended; else whether this is {NEEDED}",
        )
    if account.account_id not in session.get("accounts", {}):
        detail = f"as {account.email}, {master.login} does not see the account {account.account_id}"
        return Finding(PART, "error", detail, "see what happened to that mailbox: postroom log " + account.email)
    return Finding(PART, "ok", f"{master.login} may impersonate; tried with {account.email}")


async def _some_mailbox(parts: Parts) -> MailAccount | None:
    try:
        found = await row(parts.pool, "check_mailbox")
    except (DatabaseUnavailable, InsufficientPrivilege, UndefinedTable):
        return None  # `database` says so
    return MailAccount(found["kratos_identity_id"], found["email"], found["stalwart_account_id"]) if found else None


async def _is_there(parts: Parts, account: MailAccount) -> bool:
    get = ("x:Account/get", {"ids": [account.account_id], "properties": ["id", "emailAddress"]})

    async def ask(left: float) -> bool:
        found = (await parts.stalwart.call([get], deadline=left)).read(0, AccountList).accounts
        return [each.email_address for each in found] == [account.email]

    return await parts.mail_server.within(DEADLINE, ask)


async def _asked(parts: Parts, header: str, ask: Callable[[StalwartClient, float], Awaitable[T]]) -> T:
    """Raises `MailServerError`s."""
    client = StalwartClient(parts.settings.stalwart_url, header)
    try:
        return await parts.mail_server.within(DEADLINE, lambda left: ask(client, left))
    finally:
        await client.aclose()
