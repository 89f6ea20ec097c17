"""Stalwart takes the ids of domains from a counter: on a reinstalled server they may belong to other domains."""

from uuid import UUID

import httpx2
import pytest

from postroom.domain.mailbox import Mailbox, StalwartAccount, mark_of
from postroom.errors import Misconfigured, Permanent, Transient
from postroom.stalwart.registry import ID_CACHE_SECONDS, StalwartRegistry
from scripted_stalwart import Answer, ScriptedStalwart, made, problem, refused, responses, taken

BOB = Mailbox(UUID("8b9e4c7a-c3d6-4dae-a06a-acb8a03ece9a"), "bob@example.org")
SWAPPED = {"example.org": "c", "example.net": "b"}


def domain_sent(server: ScriptedStalwart) -> tuple[str, str]:
    """The ids of the domains of the mailbox and of its mark in the last create."""
    create = server.calls()[0][1]["create"]["c"]
    return create["domainId"], create["aliases"]["0"]["domainId"]


async def replaced_server() -> tuple[ScriptedStalwart, StalwartRegistry]:
    """A registry that has cached the ids of one server, while another server with other ids has replaced it."""
    server = ScriptedStalwart(made("k", BOB.email))
    registry = server.registry()
    await registry.create(BOB, deadline=5)
    server.domains = SWAPPED
    return server, registry


async def test_mark_created_in_another_domain_is_never_accepted() -> None:
    """Otherwise nothing would prevent a second mailbox for the identity."""
    server, registry = await replaced_server()
    server.will(made("l", "bob@example.net"))
    with pytest.raises(Permanent, match=r"made bob@example\.net \(account l\) where bob@example\.org was asked for"):
        await registry.create(BOB, deadline=5)
    assert server.asked[-1] == "x:Account/set", "the account stays unchanged"
    server.will(made("m", BOB.email))
    await registry.create(BOB, deadline=5)
    assert domain_sent(server) == ("c", "c")


async def test_another_address_than_requested_is_reported_and_the_ids_are_queried_again() -> None:
    """The attempt compares the addresses."""
    server = ScriptedStalwart(
        made("k", BOB.email),
        domains={"example.org": "b", "example.net": "c", "example.com": "d"},
    )
    registry = server.registry(mark_domain="example.com")
    await registry.create(BOB, deadline=5)
    server.domains = SWAPPED | {"example.com": "d"}
    server.will(made("l", "bob@example.net"))
    assert await registry.create(BOB, deadline=5) == StalwartAccount("l", "bob@example.net")
    server.will(made("m", BOB.email))
    await registry.create(BOB, deadline=5)
    assert domain_sent(server) == ("c", "d")


async def test_lookup_compares_with_the_current_id_of_the_mark_domain() -> None:
    server, registry = await replaced_server()
    alias = {"name": mark_of(BOB.identity_id), "domainId": "c"}
    account = {"id": "l", "emailAddress": BOB.email, "aliases": {"0": alias}}
    server.will(responses(("x:Account/query", {"ids": ["l"]}), ("x:Account/get", {"list": [account]})))
    assert await registry.find(BOB, deadline=5) == StalwartAccount("l", BOB.email)
    server.will(taken("l"), responses(("x:Account/get", {"list": [account]})))
    assert await registry.create(BOB, deadline=5) == StalwartAccount("l", BOB.email)


async def test_foreign_owner_of_an_address_other_than_ours_is_no_conflict() -> None:
    """With the cached ids the create asks for bob@example.net, which belongs to another person."""
    server, registry = await replaced_server()
    stranger = {"id": "s", "emailAddress": "bob@example.net", "aliases": {}}
    nobody = responses(("x:Account/query", {"ids": []}), ("x:Account/get", {"list": []}))
    server.will(taken("s"), responses(("x:Account/get", {"list": [stranger]})), nobody)
    with pytest.raises(Transient) as raised:
        await registry.create(BOB, deadline=5)
    assert not raised.value.outcome_unknown
    server.will(made("l", BOB.email))
    assert await registry.create(BOB, deadline=5) == StalwartAccount("l", BOB.email)


async def test_domain_ids_are_cached_for_a_minute() -> None:
    server, registry = await replaced_server()
    server.clock += ID_CACHE_SECONDS
    await registry.create(BOB, deadline=5)
    assert domain_sent(server) == ("c", "c")


@pytest.mark.parametrize(
    ("end", "error"),
    [
        (httpx2.ReadError("cut"), Transient),
        (httpx2.ConnectError("refused"), Transient),
        (httpx2.ReadTimeout("slow"), Transient),
        (problem(502), Transient),
        (refused("invalidForeignKey", objectId={"object": "Domain", "id": "b"}), Misconfigured),
    ],
    ids=["cut", "refused", "silent", "a proxy's 502", "a rejected id"],
)
async def test_cached_domain_ids_are_dropped_after_a_connection_failure_or_the_rejection_of_one(
    end: Answer, error: type[Exception]
) -> None:
    server, registry = await replaced_server()
    server.will(end)
    with pytest.raises(error):
        await registry.create(BOB, deadline=5)
    server.will(made("l", BOB.email))
    await registry.create(BOB, deadline=5)
    assert domain_sent(server) == ("c", "c")
