"""The port `Accounts` on Stalwart's registry: lists all accounts page by page, with their marks."""

from collections.abc import Mapping
from uuid import UUID

from postroom.domain.mailbox import StalwartAccount, identity_of, is_probe_mark, mark_of
from postroom.domain.missing import Sighting
from postroom.errors import Misconfigured, Transient
from postroom.provisioning.ports import AccountPage, FoundAccount, Seen
from postroom.stalwart.mark_domain import MarkDomain, carries_mark
from postroom.stalwart.registry import StalwartRegistry
from postroom.stalwart.registry_client import Call, StalwartClient
from postroom.stalwart.response_models import Account, AccountList, QueryIds
from postroom.stalwart.shown_account import SHOWN, ShownAccount, ShownAccounts

PAGE = 500
"""Accounts in one request: Stalwart returns no more objects to one `get`."""

_PROPERTIES = ["id", "emailAddress", "aliases", "description"]
_USERS = {"@type": "User"}


class StalwartAccounts:
    """`mark_domain` is the domain of our marks; a mark in another domain proves nothing and is only reported."""

    def __init__(self, client: StalwartClient, registry: StalwartRegistry, *, mark_domain: str) -> None:
        self._client = client
        self._registry = registry
        self._mark_domain = MarkDomain(mark_domain)

    async def count(self, *, deadline: float) -> int:
        return await self._registry.within(deadline, self._count)

    async def page(self, after: str | None, *, deadline: float) -> AccountPage:
        return await self._registry.within(deadline, lambda left: self._page(after, left))

    async def look_up(self, accounts: Mapping[UUID, str], *, deadline: float) -> Mapping[UUID, Seen]:
        return await self._registry.within(deadline, lambda left: self._look_up(accounts, left)) if accounts else {}

    async def at_address(self, address: str, *, deadline: float) -> list[FoundAccount]:
        """Whose main address, or alias, this is. An alias is found by its words: if very many accounts share them, it
        may not be found."""
        try:
            return await self._registry.within(deadline, lambda left: self._at_address(address, left))
        except Misconfigured as error:
            if error.domain:
                return []  # the mail server does not have it
            raise

    async def _at_address(self, address: str, left: float) -> list[FoundAccount]:
        name, _, domain = address.rpartition("@")
        domain_id = await self._registry.domain_id(domain, deadline=left)
        calls: list[Call] = [self._mark_domain.call]
        for number, query in enumerate(({"name": name, "domainId": domain_id}, {"text": name})):
            found = {"resultOf": str(2 * number + 1), "name": "x:Account/query", "path": "/ids"}
            calls += [
                ("x:Account/query", {"filter": query, "limit": PAGE}),
                ("x:Account/get", {"#ids": found, "properties": _PROPERTIES}),
            ]
        responses = await self._client.call(calls, deadline=left)
        mark_domain_id = self._mark_domain.id(responses, 0)
        listed = {each.id: each for index in (2, 4) for each in responses.read(index, AccountList).accounts}
        return [
            _found(each, mark_domain_id)
            for each in listed.values()
            if each.email_address == address or carries_mark(each.aliases.values(), name, domain_id)
        ]

    async def _count(self, left: float) -> int:
        # Requested once, not with each page: the server has to scan all accounts for it.
        query = {"filter": _USERS, "limit": 1, "calculateTotal": True}
        return (await self._client.call([("x:Account/query", query)], deadline=left)).read(0, QueryIds).total

    async def _page(self, after: str | None, left: float) -> AccountPage:
        responses = await self._client.call([*_calls(after), self._mark_domain.call], deadline=left)
        mark_domain_id = self._mark_domain.id(responses, 2)
        # With ascending ids the anchor is exclusive (seen on 0.16.19). Otherwise the last page would repeat it.
        ids = [each for each in responses.read(0, QueryIds).ids if each != after]
        if not ids:
            return AccountPage((), None)
        listed = responses.read(1, AccountList).accounts
        people = [each for each in listed if each.id != after and not _is_ours(each)]
        return AccountPage([_found(each, mark_domain_id) for each in people], ids[-1])

    async def _look_up(self, accounts: Mapping[UUID, str], left: float) -> Mapping[UUID, Seen]:
        ids = list(dict.fromkeys(accounts.values()))
        get: Call = ("x:Account/get", {"ids": ids, "properties": SHOWN})
        responses = await self._client.call([get, self._mark_domain.call], deadline=left)
        listed = responses.read(0, ShownAccounts)
        mark_domain_id = self._mark_domain.id(responses, 1)
        there = {account.id: account for account in listed.accounts}
        if unreported := set(ids) - there.keys() - set(listed.not_found):
            # An account that was wrongly taken for missing would be created again.
            raise Transient(f"mail server reports the account {min(unreported)} neither as found nor as not found")
        marks = {each: mark_of(each) for each in accounts}
        domains = {
            domain
            for identity_id, account_id in accounts.items()
            if (account := there.get(account_id))
            and carries_mark(account.aliases.values(), marks[identity_id], mark_domain_id)
            for domain in account.domains_beside(marks[identity_id], mark_domain_id)
        }
        # Of most accounts the mark is the only alias, and the names are cached: this rarely is another request.
        names = await self._registry.domain_names(domains, deadline=left)
        return {
            identity_id: _seen(there.get(account_id), marks[identity_id], mark_domain_id, names)
            for identity_id, account_id in accounts.items()
        }


def _seen(account: ShownAccount | None, mark: str, mark_domain_id: str, names: Mapping[str, str]) -> Seen:
    if account is None:
        return Seen(Sighting.MISSING)
    if not carries_mark(account.aliases.values(), mark, mark_domain_id):
        return Seen(Sighting.UNMARKED)
    try:
        return Seen(Sighting.PRESENT, account.observed(mark, mark_domain_id, names))
    except Transient:
        return Seen(Sighting.PRESENT)  # an alias in a domain that is gone, say: it must not hold up the others


def _is_ours(account: Account) -> bool:
    """Whether it is the mailbox of a create probe, which is nobody's."""
    return any(is_probe_mark(alias.name) for alias in account.aliases.values())


def _calls(after: str | None) -> list[Call]:
    query: dict[str, object] = {
        "filter": _USERS,
        "sort": [{"property": "id", "isAscending": True}],  # by default descending, cut at the wrong end
        "limit": PAGE,
    }
    if after is not None:
        query["anchor"] = after
    found = {"resultOf": "0", "name": "x:Account/query", "path": "/ids"}
    return [("x:Account/query", query), ("x:Account/get", {"#ids": found, "properties": _PROPERTIES})]


def _found(account: Account, mark_domain_id: str) -> FoundAccount:
    marks = [(identity_of(alias.name), alias.domain_id) for alias in account.aliases.values()]
    return FoundAccount(
        StalwartAccount(account.id, account.email_address),
        marked_for=[identity_id for identity_id, domain_id in marks if identity_id and domain_id == mark_domain_id],
        marked_elsewhere=any(identity_id and domain_id != mark_domain_id for identity_id, domain_id in marks),
        display_name=account.description or None,
    )
