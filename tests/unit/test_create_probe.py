"""The create probe: which mailbox it creates, which answers show that mailboxes can be made, and who never sees it."""

import uuid

import httpx2
import pytest

from postroom.domain.address import RESERVED_NAMES, parse_address
from postroom.domain.mailbox import Mailbox, ProbeMailbox, identity_of
from postroom.errors import Misconfigured, Refused, Throttled
from postroom.stalwart.accounts import StalwartAccounts
from scripted_stalwart import Answer, ScriptedStalwart, busy, made, method_error, problem, refused, responses, taken

OURS = ProbeMailbox("example.org")


def account(email: str, *marks: str, id: str = "k") -> dict[str, object]:  # noqa: A002 - as Stalwart calls it
    aliases = {str(place): {"name": mark, "domainId": "b"} for place, mark in enumerate(marks)}
    return {"id": id, "emailAddress": email, "aliases": aliases}


def listed(*accounts: dict[str, object]) -> httpx2.Response:
    return responses(("x:Account/get", {"list": list(accounts)}))


def found(*accounts: dict[str, object]) -> httpx2.Response:
    ids = [each["id"] for each in accounts]
    return responses(("x:Account/query", {"ids": ids}), ("x:Account/get", {"list": list(accounts)}))


async def test_probe_creates_what_a_person_gets_and_no_more() -> None:
    """A server that refuses a property of ours must refuse it here, too."""
    server = ScriptedStalwart(made("k", OURS.email))
    assert await server.registry(quota=10**9).create_probe() is None
    ours, calls = server.calls()[0][1]["create"]["c"], [name for name, _, _ in server.calls()]
    alice = Mailbox(uuid.uuid4(), "alice@example.org", "Alice Example")
    server.will(made("l", alice.email))
    await server.registry(quota=10**9).create(alice, deadline=5)
    hers = server.calls()[0][1]["create"]["c"]
    assert calls == [name for name, _, _ in server.calls()]
    assert (ours.keys(), ours["quotas"]) == (hers.keys(), hers["quotas"])
    assert (ours["domainId"], ours["aliases"].keys(), ours["aliases"]["0"].keys()) == (
        hers["domainId"],
        hers["aliases"].keys(),
        hers["aliases"]["0"].keys(),
    )
    assert (ours["name"], ours["aliases"]["0"]["name"]) == ("postroom-probe", OURS.mark)


def test_probe_has_one_mark_for_each_mark_domain_and_it_names_no_identity() -> None:
    assert OURS.mark == f"postroom-probe-{uuid.uuid5(uuid.NAMESPACE_DNS, 'example.org').hex}"
    assert ProbeMailbox("example.net").mark != OURS.mark
    assert identity_of(OURS.mark) is None
    assert len(OURS.mark) <= 64


def test_nobody_gets_the_address_of_the_probe() -> None:
    for reserved in (RESERVED_NAMES, frozenset[str]()):
        with pytest.raises(Refused, match="reserved"):
            parse_address(OURS.email, domains=["example.org"], reserved=reserved)


@pytest.mark.parametrize("email", [OURS.email, "renamed@example.org"])
async def test_mailbox_that_the_probe_has_made_before_shows_that_mailboxes_can_be_made(email: str) -> None:
    server = ScriptedStalwart(taken("k"), listed(account(email, OURS.mark)))
    assert await server.registry().create_probe() is None
    assert [name for name in server.asked if name.endswith("/set")] == ["x:Account/set"]


async def test_probe_that_another_process_makes_at_the_same_moment_is_no_fault() -> None:
    """Stalwart answers the loser of two concurrent creates `serverUnavailable`."""
    server = ScriptedStalwart(method_error("serverUnavailable"), taken("k"), listed(account(OURS.email, OURS.mark)))
    assert await server.registry().create_probe() is None


async def test_probe_that_took_its_time_is_not_repeated() -> None:
    """The second one would end at once, and its time would be named as that of the mail server."""
    server = ScriptedStalwart()

    def late(_: httpx2.Request) -> httpx2.Response:
        server.clock += 3.9
        return problem(500)

    server.will(late, taken("k"), listed(account(OURS.email, OURS.mark)))
    assert "500" in str(await server.registry().create_probe())
    assert server.asked.count("x:Account/set") == 1


STRANGER = account("postroom-probe@example.org")
WRONG: dict[str, tuple[list[Answer], str]] = {
    "500": ([problem(500)], "500"),
    "a role that is gone": ([method_error("serverUnavailable")], "serverUnavailable"),
    "a forbidden call": ([method_error("forbidden", description="You may not")], "You may not"),
    "a forbidden object": ([refused("forbidden", description="You may not grant a")], "grant a"),
    "a quota": ([refused("overQuota")], "quota"),
    "a property": ([refused("invalidProperties", properties=["quotas"])], "quotas"),
    "a value": ([refused("invalidPatch", description="Invalid key for object")], "Invalid key"),
    "another shape": ([responses(("x:Account/set", {"list": []}))], "neither created nor refused"),
    "no shape": ([httpx2.Response(200, content=b"<html>")], "not a JSON object"),
    "another address": ([made("k", "postroom-probe1@example.org")], "postroom-probe1@example.org"),
    "an address that is no text": ([made("k", "a\0@example.org")], "a @example.org"),
    "an object that is no text": ([taken("k\0"), listed(), found()], "neither created nor refused"),
    "an account of somebody else": ([taken("k"), listed(STRANGER), found(STRANGER)], "held by the account k"),
    "nothing": ([httpx2.ReadTimeout("slow")], "did not answer"),
}


@pytest.mark.parametrize(("answers", "words"), WRONG.values(), ids=WRONG)
async def test_any_other_answer_to_the_probe_says_why_no_mailbox_can_be_made(answers: list[Answer], words: str) -> None:
    problem = await ScriptedStalwart(*answers).registry().create_probe()
    assert problem
    assert not isinstance(problem, Throttled)
    assert getattr(problem, "domain", "example.org") == "example.org", "it does not concern our key"
    assert words in str(problem)
    assert str(problem).isprintable(), "PostgreSQL would refuse to store it"


@pytest.mark.parametrize("answer", [busy(), problem(429), refused("rateLimit"), RuntimeError("a defect")], ids=range(4))
async def test_throttled_or_broken_probe_gives_no_verdict(answer: Answer) -> None:
    assert isinstance(await ScriptedStalwart(answer).registry().create_probe(), Throttled)


async def test_probe_with_a_rejected_key_reports_that() -> None:
    problem_of_key = await ScriptedStalwart(problem(401)).registry().create_probe()
    assert isinstance(problem_of_key, Misconfigured)
    assert problem_of_key.unauthorized


async def test_mailbox_of_the_probe_is_listed_as_nobodys() -> None:
    alice = Mailbox(uuid.uuid4(), "alice@example.org")
    listing = [
        account(OURS.email, OURS.mark),
        account(alice.email, alice.mark, id="l"),
        account("bob@example.org", id="m"),
    ]
    server = ScriptedStalwart(found(*listing))
    accounts = StalwartAccounts(server.client(), server.registry(), mark_domain="example.org")
    page = await accounts.page(None, deadline=5)
    assert [(each.account.email, each.marked_for) for each in page.accounts] == [
        (alice.email, [alice.identity_id]),
        ("bob@example.org", []),
    ]
    assert page.last == "m"
