"""The port `ChangingAccounts` on Stalwart's registry: finds an account by its mark, and updates it."""

import time
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from postroom.domain.account_change import AUTHENTICATE, Alias, Because, Login, Observed, Permissions, Step, described
from postroom.domain.mailbox import Mailbox, ProbeMailbox, identity_of
from postroom.errors import Conflict, MailServerError, Permanent, Throttled, Transient
from postroom.process.telemetry import log
from postroom.provisioning.change_attempt import Read
from postroom.stalwart import response_models
from postroom.stalwart.error_mapping import set_error
from postroom.stalwart.mark_domain import MarkDomain, carries_mark
from postroom.stalwart.registry import CREATE_PROBE_SECONDS, StalwartRegistry
from postroom.stalwart.registry_client import Call, RegistryResponses, StalwartClient
from postroom.stalwart.response_models import AccountList, Changes, QueryIds, SetError
from postroom.stalwart.shown_account import SHOWN, ShownAccounts

PROBES_MORE = 3
"""How often a change probe is repeated that another process may have disturbed."""

_INHERIT = {"@type": "Inherit"}
_OFF = {"@type": "Merge", "enabledPermissions": {}, "disabledPermissions": {AUTHENTICATE: True}}


class StalwartAccountChanges:
    """`mark_domain` is the domain of all marks."""

    def __init__(
        self,
        client: StalwartClient,
        registry: StalwartRegistry,
        *,
        mark_domain: str,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._registry = registry
        self._mark_domain = MarkDomain(mark_domain)
        self._monotonic = monotonic

    async def observe(self, identity_id: UUID, *, deadline: float) -> Observed | None:
        return await self._registry.within(deadline, lambda left: self._observe(Mailbox(identity_id, ""), left))

    async def change(self, identity_id: UUID, observed: Observed, step: Step, *, deadline: float) -> Read:
        domain, mailbox = (step.email or observed.email).partition("@")[2], Mailbox(identity_id, observed.email)
        return await self._registry.within(
            deadline, lambda left: self._change(mailbox, observed, step, left), domain=domain
        )

    async def probe(self) -> MailServerError | None:
        """Change the mailbox of the create probe as one of a person is changed, all properties at once."""
        ends = self._monotonic() + CREATE_PROBE_SECONDS
        problem = await self._probe(ends)
        for _ in range(PROBES_MORE):
            # Others may change it at the same moment: Stalwart answers one of them `serverUnavailable`, at once.
            if not isinstance(problem, Transient) or ends - self._monotonic() < CREATE_PROBE_SECONDS / 2:
                break
            problem = await self._probe(ends)
        return problem

    async def _probe(self, ends: float) -> MailServerError | None:
        mailbox = ProbeMailbox(self._mark_domain.name)
        try:
            await self._registry.create(mailbox, deadline=ends - self._monotonic())
            return await self._registry.within(
                ends - self._monotonic(), lambda left: self._probe_change(mailbox, left), domain=mailbox.domain
            )
        except MailServerError as error:
            return error
        except Exception as error:  # noqa: BLE001 - the caller is handling a failure already, and must settle it
            log.exception("The change probe failed: a bug of Postroom")
            return Throttled(f"Postroom could not change its own mailbox ({type(error).__name__})")

    async def _probe_change(self, mailbox: ProbeMailbox, left: float) -> MailServerError | None:
        observed = await self._observe(mailbox, left)
        if observed is None:
            return Transient("mail server does not show the mailbox of the probe")
        on = observed.login.off
        note = frozenset[Because]() if on else frozenset([Because.OPERATOR])
        step = Step(observed.email, mailbox.display_name, observed.aliases, note, login=on)
        read = await self._change(mailbox, observed, step, left)
        if read.error is None and read.first != observed:
            return Transient("another process changed the mailbox of the probe at the same moment")
        if read.error is None and read.first == read.last:
            return Permanent("mail server accepted a change of the mailbox of the probe, and it is as before")
        return read.error

    async def _observe(self, mailbox: Mailbox, left: float) -> Observed | None:
        found = {"resultOf": "0", "name": "x:Account/query", "path": "/ids"}
        calls: list[Call] = [
            ("x:Account/query", {"filter": {"text": mailbox.identity_id.hex}}),
            ("x:Account/get", {"#ids": found, "properties": SHOWN}),
            self._mark_domain.call,
        ]
        responses = await self._client.call(calls, deadline=left)
        responses.read(0, QueryIds)
        return await self._shown(responses, 1, mailbox, self._mark_domain.id(responses, 2), left)

    async def _change(self, mailbox: Mailbox, observed: Observed, step: Step, left: float) -> Read:
        patch = await self._patch(mailbox, observed, step, left)
        get: Call = ("x:Account/get", {"ids": [observed.account_id], "properties": SHOWN})
        calls: list[Call] = [
            get,
            ("x:Account/set", {"update": {observed.account_id: patch}}),
            get,
            self._mark_domain.call,
        ]
        responses = await self._client.call(calls, deadline=left)
        error = await self._error(responses, observed, step, left)
        mark_domain_id = self._mark_domain.id(responses, 3)
        first, last = [await self._shown(responses, index, mailbox, mark_domain_id, left) for index in (0, 2)]
        if first is None or last is None:
            raise Transient(f"mail server does not show the account {observed.account_id} with its mark any more")
        if error or (step.email and step.email != last.email):
            self._registry.forget_ids()  # one of them may now be the id of another domain
        return Read(first, last, error)

    async def _shown(
        self, responses: RegistryResponses, index: int, mailbox: Mailbox, mark_domain_id: str, left: float
    ) -> Observed | None:
        """The account with the mark among those listed at `index`."""
        mark = mailbox.mark
        for account in responses.read(index, ShownAccounts).accounts:
            if carries_mark(account.aliases.values(), mark, mark_domain_id):
                names = await self._registry.domain_names(account.domains_beside(mark, mark_domain_id), deadline=left)
                return account.observed(mark, mark_domain_id, names)
        return None

    async def _patch(self, mailbox: Mailbox, observed: Observed, step: Step, left: float) -> dict[str, Any]:
        patch: dict[str, Any] = {}
        if step.email:
            patch["name"], patch["domainId"] = await self._split(step.email, left)
        if step.name:
            patch["description"] = step.name
        if step.aliases is not None:
            mark = Alias(
                f"{mailbox.mark}@{self._mark_domain.name}", False, described(mailbox.mark_description, step.note)
            )
            # As a whole: Stalwart renumbers aliases, so that an index may mean another one by now.
            patch["aliases"] = {
                str(index): await self._alias(alias, left) for index, alias in enumerate((mark, *step.aliases))
            }
        return patch | _permissions(observed.login, step.login)

    async def _alias(self, alias: Alias, left: float) -> dict[str, Any]:
        name, domain_id = await self._split(alias.address, left)
        return {"name": name, "domainId": domain_id, "enabled": alias.enabled, "description": alias.description}

    async def _split(self, address: str, left: float) -> tuple[str, str]:
        name, _, domain = address.partition("@")
        return name, await self._registry.domain_id(domain, deadline=left)

    async def _error(
        self, responses: RegistryResponses, observed: Observed, step: Step, left: float
    ) -> MailServerError | None:
        """Why it was not updated. What the update's own response says, beside the account as it was read."""
        try:
            outcome = responses.read(1, Changes)
        except MailServerError as error:
            return error
        refused = (outcome.not_updated or {}).get(observed.account_id)
        if refused is None:
            if observed.account_id in (outcome.updated or {}):
                return None
            return Transient("mail server neither updated nor refused the account", outcome_unknown=True)
        email = step.email or observed.email
        if refused.type == "primaryKeyViolation":
            return Conflict(f"{email}, or an alias of its account, is held by {await self._holder(refused, left)}")
        if refused.type == "notFound":
            return Transient(f"mail server does not have the account {observed.account_id} any more")
        return set_error(refused, domain=email.partition("@")[2])

    async def _holder(self, refused: SetError, left: float) -> str:
        """Who has the address, for people."""
        if not (holder := refused.object_id):
            return "something that the mail server does not name"
        get: Call = ("x:Account/get", {"ids": [holder.id], "properties": ["id", "emailAddress", "aliases"]})
        accounts: Sequence[response_models.Account] = ()
        if holder.object == "Account":
            accounts = (await self._client.call([get], deadline=left)).read(0, AccountList).accounts
        identities = [identity_of(alias.name) for each in accounts for alias in each.aliases.values()]
        whose = [f", the mailbox of the identity {each}" for each in identities if each]
        return f"the {holder.object.lower()} {holder.id} on the mail server{''.join(whose)}"


def _permissions(login: Login, on: bool | None) -> dict[str, Any]:
    """The part of the patch about the login. A path changes nothing beside `Inherit`, and leaves what somebody else
    wrote beside our entry; the kind itself is changed by the whole object only (seen on 0.16.19)."""
    path = f"permissions/disabledPermissions/{AUTHENTICATE}"
    if on is None:
        return {}
    if on:
        return {"permissions": _INHERIT} if login.sole else {path: None}
    return {"permissions": _OFF} if login.kind is Permissions.INHERIT else {path: True}
