"""The port `MailServer` on Stalwart's registry (0.16 and 1.x): `x:Domain` and `x:Account` over JMAP.

The normal case is one HTTP request: create, with the mark, without credentials, and read back what was made.
The mark is a disabled alias made of the identity's id: Stalwart keeps addresses unique over accounts and
aliases, so a second mailbox for an identity is refused by the server itself.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from postroom.domain.mailbox import Mailbox, StalwartAccount, mark_of
from postroom.errors import Conflict, MailServerError, Misconfigured, Throttled, Transient
from postroom.stalwart.answers import Busy, WrongGeneration, set_error
from postroom.stalwart.client import Call, StalwartClient
from postroom.stalwart.detection import detect
from postroom.stalwart.shapes import AccountList, AccountSet, Echo, ObjectId, QueryIds, SetError

T = TypeVar("T")

WELL_WITHIN = 2.0
"""Seconds in which a healthy server answers `Core/echo`."""

_BUSY_PAUSE = (0.02, 0.08)
"""Seconds to wait, at random in this range, while the server serves four of our requests already."""

_ADDRESS = ["id", "emailAddress", "aliases"]


class StalwartRegistry:
    """`mark_domain` holds every mark, whatever a person's domain; `quota` is in bytes, None for the server's.

    `pause` and `uniform` are the passing of time and chance, for tests.
    """

    def __init__(
        self,
        client: StalwartClient,
        *,
        mark_domain: str,
        quota: int | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        uniform: Callable[[float, float], float] = random.uniform,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._mark_domain = mark_domain
        self._quota = quota
        self._pause = pause
        self._uniform = uniform
        self._monotonic = monotonic
        self._domain_ids: dict[str, str] = {}
        self._detected = False

    async def create(self, mailbox: Mailbox, *, deadline: float) -> StalwartAccount:
        return await self.within(deadline, lambda left: self._create(mailbox, left))

    async def find(self, mailbox: Mailbox, *, deadline: float) -> StalwartAccount | None:
        return await self.within(deadline, lambda left: self._find(mailbox, left))

    async def well(self) -> MailServerError | None:
        try:
            await self.within(WELL_WITHIN, self._echo)
        except MailServerError as error:
            return error
        return None

    async def domain_id(self, name: str, *, deadline: float) -> str:
        """The id of a domain, asked once. Raises `Misconfigured` for a domain that is not there."""
        if name not in self._domain_ids:
            answers = await self._client.call([("x:Domain/query", {"filter": {"name": name}})], deadline=deadline)
            ids = answers.read(0, QueryIds).ids
            if not ids:
                raise Misconfigured(f"mail server does not have the domain {name}", domain=name)
            self._domain_ids[name] = ids[0]
        return self._domain_ids[name]

    async def _echo(self, left: float) -> None:
        (await self._client.call([("Core/echo", {})], deadline=left)).read(0, Echo)

    async def within(self, deadline: float, ask: Callable[[float], Awaitable[T]]) -> T:
        """Ask, waiting out the moments in which the server is busy with others of our requests.

        `ask` gets the seconds left; what it reads of the answers belongs into it. Raises `MailServerError`s only.
        """
        ends = self._monotonic() + deadline
        while True:
            left = ends - self._monotonic()
            try:
                async with asyncio.timeout(max(0.01, left)):
                    return await self._of_this_generation(ask, left)
            except TimeoutError as error:
                raise Transient(f"mail server took longer than {deadline:.1f} s", outcome_unknown=True) from error
            except Busy as error:
                pause = self._uniform(*_BUSY_PAUSE)
                if ends - self._monotonic() <= pause:
                    raise Throttled("mail server serves four of our requests already", retry_after=1) from error
                await self._pause(pause)

    async def _of_this_generation(self, ask: Callable[[float], Awaitable[T]], left: float) -> T:
        if not self._detected:
            await detect(self._client, deadline=left)
            self._detected = True
        try:
            return await ask(left)
        except WrongGeneration as error:
            # Perhaps the server was replaced by another version: say so in words the operator understands.
            self._detected = False
            await detect(self._client, deadline=left)
            self._detected = True
            raise error.misconfigured from error

    async def _create(self, mailbox: Mailbox, left: float) -> StalwartAccount:
        domain_id = await self.domain_id(mailbox.domain, deadline=left)
        try:
            mark_domain_id = await self.domain_id(self._mark_domain, deadline=left)
        except Misconfigured as error:
            # Not one domain's trouble: without it nobody gets a mailbox.
            raise Misconfigured(f"{error}, which holds every mark (POSTROOM_MARK_DOMAIN)") from error
        account = _account(mailbox, domain_id, mark_domain_id, self._quota)
        calls: list[Call] = [
            ("x:Account/set", {"create": {"c": account}}),
            ("x:Account/get", {"ids": ["#c"], "properties": _ADDRESS}),
        ]
        answers = await self._client.call(calls, deadline=left)
        outcome = answers.read(0, AccountSet)
        if refused := (outcome.not_created or {}).get("c"):
            return await self._after_refusal(refused, mailbox, left)
        if "c" not in (outcome.created or {}):
            raise Transient("mail server neither created nor refused the mailbox", outcome_unknown=True)
        made = answers.read(1, AccountList).accounts
        if not made:
            raise Transient("mail server made the mailbox but does not show it", outcome_unknown=True)
        return StalwartAccount(made[0].id, made[0].email_address)

    async def _after_refusal(self, refused: SetError, mailbox: Mailbox, left: float) -> StalwartAccount:
        error = set_error(refused, domain=mailbox.domain)
        if isinstance(error, MailServerError):
            if isinstance(error, Misconfigured) and error.domain:
                self._domain_ids.clear()  # the domain was made anew under another id, or is gone
            raise error
        return await self._ours(error.holder, mailbox, left)

    async def _ours(self, holder: ObjectId | None, mailbox: Mailbox, left: float) -> StalwartAccount:
        """The account that carries our mark; a stranger's is never adopted (`Conflict`)."""
        if holder and holder.object == "Account":
            get = ("x:Account/get", {"ids": [holder.id], "properties": _ADDRESS})
            answers = await self._client.call([get], deadline=left)
            if ours := await self._marked(answers.read(0, AccountList), mailbox, left):
                return ours
        # Where one object holds the address and another the mark, Stalwart names either by chance (seen on 0.16.19).
        if ours := await self._find(mailbox, left):
            return ours
        who = f"the {holder.object.lower()} {holder.id}" if holder else "something"
        raise Conflict(
            f"{mailbox.email} is held by {who} on the mail server, which does not carry this identity's mark"
        )

    async def _find(self, mailbox: Mailbox, left: float) -> StalwartAccount | None:
        found = {"resultOf": "0", "name": "x:Account/query", "path": "/ids"}
        calls: list[Call] = [
            ("x:Account/query", {"filter": {"text": mailbox.identity_id.hex}}),
            ("x:Account/get", {"#ids": found, "properties": _ADDRESS}),
        ]
        answers = await self._client.call(calls, deadline=left)
        answers.read(0, QueryIds)
        return await self._marked(answers.read(1, AccountList), mailbox, left)

    async def _marked(self, listed: AccountList, mailbox: Mailbox, left: float) -> StalwartAccount | None:
        """The account with our mark among those. The text index is only a hint: the alias itself is the proof."""
        mark = (mark_of(mailbox.identity_id), await self.domain_id(self._mark_domain, deadline=left))
        for account in listed.accounts:
            if mark in {(alias.name, alias.domain_id) for alias in account.aliases.values()}:
                return StalwartAccount(account.id, account.email_address)
        return None


def _account(mailbox: Mailbox, domain_id: str, mark_domain_id: str, quota: int | None) -> dict[str, Any]:
    account: dict[str, Any] = {
        "@type": "User",
        "name": mailbox.local_part,
        "domainId": domain_id,
        "aliases": {
            "0": {
                "name": mark_of(mailbox.identity_id),
                "domainId": mark_domain_id,
                "enabled": False,
                "description": f"Made by Postroom for identity {mailbox.identity_id}",
            }
        },
    }
    # No `credentials`: nobody can log in by a password that nobody has to keep. No `locale`: its spelling
    # changed between 0.16.19 and 0.16.20.
    if mailbox.display_name:
        account["description"] = mailbox.display_name
    if quota is not None:
        account["quotas"] = {"maxDiskQuota": quota}
    return account
