"""The port `MailServer` on Stalwart's registry (0.16 and 1.x): `x:Domain` and `x:Account` over JMAP.

Normally one HTTP request creates the mailbox, with the mark and without credentials, and reads it back.
The mark is a disabled alias with the identity's id. Stalwart keeps addresses unique over accounts and aliases, so the
server itself refuses a second mailbox for an identity.
"""

import asyncio
import os
import random
import socket
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime
from typing import Any, TypeVar

from cachetools import TTLCache

from postroom.domain.mailbox import Mailbox, ProbeMailbox, StalwartAccount, identity_of
from postroom.errors import Conflict, MailServerError, Misconfigured, Permanent, Throttled, Transient
from postroom.jmap.errors import sanitize
from postroom.process.clock import SystemClock
from postroom.process.telemetry import log
from postroom.stalwart.detection import detect
from postroom.stalwart.error_mapping import Busy, RequestRefused, WrongGeneration, set_error
from postroom.stalwart.health_check import HealthCheck, NotWritten
from postroom.stalwart.mark_domain import MarkDomain, carries_mark
from postroom.stalwart.registry_client import Call, RegistryResponses, StalwartClient
from postroom.stalwart.response_models import Account, AccountList, Changes, DomainList, ObjectId, QueryIds, SetError

T = TypeVar("T")

HEALTH_CHECK_SECONDS = 2.0
"""Seconds in which a healthy server echoes, reads and writes; and as many before, if the account of our key must be
found first."""

CREATE_PROBE_SECONDS = 4.0
"""Seconds in which a healthy server creates a mailbox, or finds that it exists."""

_BUSY_PAUSE = (0.02, 0.08)
"""Seconds to wait, at random in this range, while the server already serves four of our requests."""

_ADDRESS = ["id", "emailAddress", "aliases"]

_OWN_ACCOUNT = "our own account"
"""A key of the cache of ids; no domain has this name."""

_DOMAIN = "domain "
"""Before the id of a domain, a key whose value is its name."""

ID_CACHE_SECONDS = 60.0
"""Seconds. Stalwart assigns ids by a counter: after a new installation the id of one domain may be that of another, and
a mailbox would be made in the wrong domain. So the cache is also cleared at any sign that the server has changed."""

_MOST_IDS = 1000


class StalwartRegistry:
    """`mark_domain` holds all marks, whatever the domain of the address. `quota` is in bytes, None for the server's.

    `pause`, `uniform`, `monotonic` and `now` are time and chance, for tests.
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
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self._client = client
        self._mark_domain = MarkDomain(mark_domain)
        self._quota = quota
        self._pause = pause
        self._uniform = uniform
        self._monotonic = monotonic
        self._now = now or SystemClock().now
        self._process = f"{socket.gethostname()}, process {os.getpid()}"
        self._ids = TTLCache[str, str](_MOST_IDS, ID_CACHE_SECONDS, monotonic)
        self._detected = False

    async def create(self, mailbox: Mailbox, *, deadline: float) -> StalwartAccount:
        return await self.within(deadline, lambda left: self._create(mailbox, left), domain=mailbox.domain)

    async def find(self, mailbox: Mailbox, *, deadline: float) -> StalwartAccount | None:
        return await self.within(deadline, lambda left: self._find(mailbox, left), domain=mailbox.domain)

    async def health_check(self) -> MailServerError | None:
        try:
            await self.check_health(deadline=HEALTH_CHECK_SECONDS)
        except MailServerError as error:
            return error
        except Exception as error:  # noqa: BLE001 - the caller is handling a failure already, and must settle it
            log.exception("The health check of the mail server failed: a bug of Postroom")
            return Throttled(f"Postroom could not check the mail server's health ({type(error).__name__})")
        return None

    async def create_probe(self) -> MailServerError | None:
        ends = self._monotonic() + CREATE_PROBE_SECONDS
        problem = await self._probe_creates(CREATE_PROBE_SECONDS)
        left = ends - self._monotonic()
        # If two processes make it at the same moment, Stalwart answers one of them `serverUnavailable`, at once.
        is_early = left > CREATE_PROBE_SECONDS / 2
        return await self._probe_creates(left) if isinstance(problem, Transient) and is_early else problem

    async def _probe_creates(self, left: float) -> MailServerError | None:
        mailbox = ProbeMailbox(self._mark_domain.name)
        try:
            made = await self.create(mailbox, deadline=left)
        except MailServerError as error:
            return error
        except Exception as error:  # noqa: BLE001 - as above
            log.exception("The create probe failed: a bug of Postroom")
            return Throttled(f"Postroom could not create its own mailbox ({type(error).__name__})")
        if made.email != mailbox.email:
            address = sanitize(made.email)
            return Permanent(f"mail server made {address} (account {made.id}) where {mailbox.email} was asked for")
        return None

    async def check_health(self, *, deadline: float) -> NotWritten | None:
        """None if the server echoed, read and wrote; `NotWritten` if no write was confirmed. Raises
        `MailServerError`s."""
        # With its own deadline: otherwise a server that takes half the deadline for each response, and was unavailable
        # once, would never count as healthy again, since each failure clears the cached account.
        await self.within(deadline, self._own_account)
        return await self.within(deadline, self._check_health)

    async def domain_id(self, name: str, *, deadline: float) -> str:
        """The id of a domain, cached for a minute at most. Raises `Misconfigured` if the domain does not exist."""
        if known := self._ids.get(name):
            return known
        responses = await self._client.call([("x:Domain/query", {"filter": {"name": name}})], deadline=deadline)
        ids = responses.read(0, QueryIds).ids
        if not ids:
            raise Misconfigured(f"mail server does not have the domain {name}", domain=name)
        self._ids[name] = ids[0]
        return ids[0]

    async def domain_names(self, ids: Collection[str], *, deadline: float) -> Mapping[str, str]:
        """The names of domains by their ids, and cached as these; of those that exist."""
        if unknown := sorted({each for each in ids if f"{_DOMAIN}{each}" not in self._ids}):
            get: Call = ("x:Domain/get", {"ids": unknown, "properties": ["id", "name"]})
            for domain in (await self._client.call([get], deadline=deadline)).read(0, DomainList).domains:
                self._ids[f"{_DOMAIN}{domain.id}"], self._ids[domain.name] = domain.name, domain.id
        return {each: self._ids[f"{_DOMAIN}{each}"] for each in ids if f"{_DOMAIN}{each}" in self._ids}

    def forget_ids(self) -> None:
        """The server has changed: a domain may have another id."""
        self._ids.clear()

    async def _check_health(self, left: float) -> NotWritten | None:
        own_account = await self._own_account(left)
        description = f"Provisions mailboxes for Postroom: asked at {self._now().isoformat()} by {self._process}"
        check = HealthCheck(self._mark_domain, own_account, description)
        try:
            not_written = check.verdict(await self._client.call(check.calls, deadline=left))
        except RequestRefused as error:
            raise Transient(str(error)) from error  # it is about these calls, not about all our requests
        if not_written:
            self._ids.clear()  # the key may belong to another account by now
        return not_written

    async def _own_account(self, left: float) -> str:
        known = self._ids.get(_OWN_ACCOUNT)
        return await self._detect(left) if known is None else known

    async def within(self, deadline: float, ask: Callable[[float], Awaitable[T]], *, domain: str | None = None) -> T:
        """Call `ask`, and repeat it while the server is busy with our other requests.

        `ask` gets the seconds left, and must also read the responses. If the request itself is refused, that is
        `Misconfigured` for `domain`. Raises only `MailServerError`s.
        """
        ends = self._monotonic() + deadline
        while True:
            left = ends - self._monotonic()
            try:
                async with asyncio.timeout(max(0.01, left)):
                    return await self._of_this_generation(ask, left, domain)
            except Transient:
                self._ids.clear()  # behind a proxy, the reinstallation of a server looks like this
                raise
            except TimeoutError as error:
                self._ids.clear()
                raise Transient(f"mail server took longer than {deadline:.1f} s", outcome_unknown=True) from error
            except Busy as error:
                pause = self._uniform(*_BUSY_PAUSE)
                if ends - self._monotonic() <= pause:
                    raise Throttled("mail server already serves four of our requests", retry_after=1) from error
                await self._pause(pause)

    async def _of_this_generation(self, ask: Callable[[float], Awaitable[T]], left: float, domain: str | None) -> T:
        if not self._detected:
            await self._detect(left)
        try:
            return await ask(left)
        except WrongGeneration as error:
            # The server may have been replaced by another version: detection explains that to the operator.
            self._detected = False
            await self._detect(left)
            if isinstance(error, RequestRefused):
                raise Misconfigured(str(error), domain=domain) from error
            raise Transient(str(error), outcome_unknown=True) from error

    async def _detect(self, left: float) -> str:
        own_account = await detect(self._client, deadline=left)
        self._detected = True
        self._ids[_OWN_ACCOUNT] = own_account
        return own_account

    async def _create(self, mailbox: Mailbox, left: float) -> StalwartAccount:
        ids = await self._ids_for(mailbox, left)
        account = _account(mailbox, *ids, self._quota)
        calls: list[Call] = [
            ("x:Account/set", {"create": {"c": account}}),
            ("x:Account/get", {"ids": ["#c"], "properties": _ADDRESS}),
            self._mark_domain.call,
        ]
        responses = await self._client.call(calls, deadline=left)
        outcome = responses.read(0, Changes)
        created, refused = (outcome.created or {}).get("c"), (outcome.not_created or {}).get("c")
        if refused and not created:
            return await self._after_refusal(refused, mailbox, ids, left)
        if refused or not created:
            raise Transient("mail server neither created nor refused the mailbox", outcome_unknown=True)
        made = [each for each in responses.read(1, AccountList).accounts if each.id == created.id]
        if not made:
            raise Transient("mail server made the mailbox but does not show it", outcome_unknown=True)
        return self._made(made[0], mailbox, self._mark_domain.id(responses, 2))

    def _made(self, made: Account, mailbox: Mailbox, mark_domain_id: str) -> StalwartAccount:
        """The created account, if its mark is in the mark domain. The caller compares the address."""
        marked = carries_mark(made.aliases.values(), mailbox.mark, mark_domain_id)
        if made.email_address != mailbox.email or not marked:
            self._ids.clear()  # one of them is now the id of another domain
        if not marked:
            # Nothing would prevent a second mailbox for the identity.
            raise Permanent(
                f"mail server made {sanitize(made.email_address)} (account {made.id}) where {mailbox.email} was asked "
                f"for, without the mark in {self._mark_domain.name}; it was left alone"
            )
        return StalwartAccount(made.id, made.email_address)

    async def _ids_for(self, mailbox: Mailbox, left: float) -> tuple[str, str]:
        """The ids of the mailbox's domain and of the mark domain, without which no mailbox can be made."""
        mark_domain_id = self._ids.get(self._mark_domain.name)
        if mark_domain_id is None:
            responses = await self._client.call([self._mark_domain.call], deadline=left)
            mark_domain_id = self._mark_domain.id(responses, 0)
            self._ids[self._mark_domain.name] = mark_domain_id
        return await self.domain_id(mailbox.domain, deadline=left), mark_domain_id

    async def _after_refusal(
        self, refused: SetError, mailbox: Mailbox, used: tuple[str, str], left: float
    ) -> StalwartAccount:
        if refused.type == "primaryKeyViolation":  # the address or the mark is taken
            ours = await self._ours(refused.object_id, mailbox, used, left)
            # Ours may have been renamed since: the server still got as far as its mark.
            return StalwartAccount(ours.id, mailbox.email) if isinstance(mailbox, ProbeMailbox) else ours
        if refused.type == "invalidForeignKey":
            self._ids.clear()  # the domain was recreated with another id, or deleted
        raise set_error(refused, domain=mailbox.domain)

    async def _ours(
        self, holder: ObjectId | None, mailbox: Mailbox, used: tuple[str, str], left: float
    ) -> StalwartAccount:
        """The account with our mark; a foreign account is never adopted (`Conflict`). `used`: the domain ids in the
        create."""
        is_shown, is_anothers = holder is not None, False
        if holder and holder.object == "Account":
            get: Call = ("x:Account/get", {"ids": [holder.id], "properties": _ADDRESS})
            responses = await self._client.call([get, self._mark_domain.call], deadline=left)
            if ours := self._marked(responses, 0, mailbox):
                return ours
            accounts = responses.read(0, AccountList).accounts
            is_shown = bool(accounts)
            is_anothers = any(identity_of(alias.name) for each in accounts for alias in each.aliases.values())
        # If one object holds the address and another the mark, Stalwart names either at random (seen on 0.16.19).
        if ours := await self._find(mailbox, left):
            return ours
        self._ids.clear()
        if used != await self._ids_for(mailbox, left):
            raise Transient("mail server was reinstalled: its domains have other ids than a minute ago")
        if holder is None or not is_shown:
            # It was deleted meanwhile, or does not exist. A conflict would end the request.
            raise Transient(f"mail server says that {mailbox.email} is taken, but does not show by what")
        raise Conflict(
            f"{mailbox.email} is held by the {holder.object.lower()} {holder.id} on the mail server, which does not "
            f"carry this identity's mark{', but that of another' if is_anothers else ''}"
        )

    async def _find(self, mailbox: Mailbox, left: float) -> StalwartAccount | None:
        found = {"resultOf": "0", "name": "x:Account/query", "path": "/ids"}
        calls: list[Call] = [
            ("x:Account/query", {"filter": {"text": mailbox.identity_id.hex}}),
            ("x:Account/get", {"#ids": found, "properties": _ADDRESS}),
            self._mark_domain.call,
        ]
        responses = await self._client.call(calls, deadline=left)
        responses.read(0, QueryIds)
        return self._marked(responses, 1, mailbox)

    def _marked(self, responses: RegistryResponses, index: int, mailbox: Mailbox) -> StalwartAccount | None:
        """The account with our mark among those listed at `index`; the next response has the mark domain. The text
        search is only a hint: the alias itself is the proof."""
        listed = responses.read(index, AccountList)
        mark_domain_id = self._mark_domain.id(responses, index + 1)
        for account in listed.accounts:
            if carries_mark(account.aliases.values(), mailbox.mark, mark_domain_id):
                return StalwartAccount(account.id, account.email_address)
        return None


def _account(mailbox: Mailbox, domain_id: str, mark_domain_id: str, quota: int | None) -> dict[str, Any]:
    account: dict[str, Any] = {
        "@type": "User",
        "name": mailbox.local_part,
        "domainId": domain_id,
        "aliases": {
            "0": {
                "name": mailbox.mark,
                "domainId": mark_domain_id,
                "enabled": False,
                "description": mailbox.mark_description,
            }
        },
    }
    # No `credentials`: without a password there is none to protect. No `locale`: its spelling changed between 0.16.19
    # and 0.16.20.
    if mailbox.display_name:
        account["description"] = mailbox.display_name
    if quota is not None:
        account["quotas"] = {"maxDiskQuota": quota}
    return account
