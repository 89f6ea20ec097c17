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
from postroom.stalwart.answers import Busy, PrimaryKeyViolation, WrongGeneration, set_error
from postroom.stalwart.client import Call, Response, StalwartClient
from postroom.stalwart.detection import detect

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
        return await self._within(deadline, lambda left: self._create(mailbox, left))

    async def find(self, mailbox: Mailbox, *, deadline: float) -> StalwartAccount | None:
        return await self._within(deadline, lambda left: self._find(mailbox, left))

    async def well(self) -> str | None:
        try:
            await self._within(WELL_WITHIN, lambda left: self._client.call([("Core/echo", {})], deadline=left))
        except MailServerError as error:
            return str(error)
        return None

    async def domain_id(self, name: str, *, deadline: float) -> str:
        """The id of a domain, asked once. Raises `Misconfigured` for a domain that is not there."""
        if name not in self._domain_ids:
            (answer,) = await self._client.call([("x:Domain/query", {"filter": {"name": name}})], deadline=deadline)
            ids: list[str] = answer.get("ids") or []
            if not ids:
                raise Misconfigured(f"mail server does not have the domain {name}", domain=name)
            self._domain_ids[name] = ids[0]
        return self._domain_ids[name]

    async def _within(self, deadline: float, ask: Callable[[float], Awaitable[T]]) -> T:
        """Ask, waiting out the moments in which the server is busy with others of our requests."""
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
        mark_domain_id = await self.domain_id(self._mark_domain, deadline=left)
        account = _account(mailbox, domain_id, mark_domain_id, self._quota)
        calls: list[Call] = [
            ("x:Account/set", {"create": {"c": account}}),
            ("x:Account/get", {"ids": ["#c"], "properties": _ADDRESS}),
        ]
        answers = await self._client.call(calls, deadline=left)
        refused = answers[0].get("notCreated", {}).get("c")
        if refused:
            return await self._after_refusal(refused, mailbox, left)
        made = answers[0].get("created", {}).get("c")
        if not made:
            raise Transient("mail server neither created nor refused the mailbox", outcome_unknown=True)
        listed = answers[1].get("list") if len(answers) > 1 else None
        if not listed:
            raise Transient(f"mail server made account {made.get('id')} but does not show it", outcome_unknown=True)
        return StalwartAccount(str(listed[0]["id"]), str(listed[0]["emailAddress"]))

    async def _after_refusal(self, refused: dict[str, Any], mailbox: Mailbox, left: float) -> StalwartAccount:
        error = set_error(refused, domain=mailbox.domain)
        if isinstance(error, MailServerError):
            if isinstance(error, Misconfigured) and error.domain:
                self._domain_ids.clear()  # the domain was made anew under another id, or is gone
            raise error
        if error.kind != "Account":
            raise Conflict(f"{mailbox.email} is taken by a {error.kind} of the mail server ({error.holder})")
        return await self._holder(error, mailbox, left)

    async def _holder(self, violation: PrimaryKeyViolation, mailbox: Mailbox, left: float) -> StalwartAccount:
        """The account that holds the address or the mark, if it carries our mark; never adopted otherwise."""
        (answer,) = await self._client.call(
            [("x:Account/get", {"ids": [violation.holder], "properties": _ADDRESS})], deadline=left
        )
        for account in answer.get("list", []):
            if await self._carries_mark(account, mailbox, left):
                return StalwartAccount(str(account["id"]), str(account["emailAddress"]))
        # Where one account holds the address and another the mark, Stalwart names either by chance (seen on 0.16.19).
        if marked := await self._find(mailbox, left):
            return marked
        raise Conflict(
            f"{mailbox.email} is held by the account {violation.holder} of the mail server, "
            "which does not carry this identity's mark"
        )

    async def _find(self, mailbox: Mailbox, left: float) -> StalwartAccount | None:
        calls: list[Call] = [
            ("x:Account/query", {"filter": {"text": mailbox.identity_id.hex}}),
            (
                "x:Account/get",
                {
                    "#ids": {"resultOf": "0", "name": "x:Account/query", "path": "/ids"},
                    "properties": _ADDRESS,
                },
            ),
        ]
        answers = await self._client.call(calls, deadline=left)
        if len(answers) < len(calls):
            raise Transient("mail server did not answer the look-up of the mark")
        # The text index is only a hint: the alias itself is the proof.
        for account in answers[1].get("list", []):
            if await self._carries_mark(account, mailbox, left):
                return StalwartAccount(str(account["id"]), str(account["emailAddress"]))
        return None

    async def _carries_mark(self, account: Response, mailbox: Mailbox, left: float) -> bool:
        mark, domain_id = mark_of(mailbox.identity_id), await self.domain_id(self._mark_domain, deadline=left)
        aliases: dict[str, Any] = account.get("aliases") or {}
        return any(a.get("name") == mark and a.get("domainId") == domain_id for a in aliases.values())


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
