"""The mail server is healthy only if it echoes, reads and writes; and which error a failed health check raises."""

import re
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from postroom.errors import Misconfigured, Throttled, Transient
from postroom.stalwart import registry as registry_module
from scripted_stalwart import SESSION, Answer, ScriptedStalwart, busy, method_error, problem, responses

OWN = "b"
OLD = "Provisions mailboxes for Postroom: asked at noon by host, process 1"
OTHERS = "Provisions mailboxes for Postroom: asked at noon by other, process 2"
DONE = ("x:Account/set", {"updated": {OWN: None}})
NOW = datetime(2026, 11, 25, 10, 0, 0, 1, tzinfo=UTC)


def server_of(*answers: Answer, account: str | None = OWN) -> ScriptedStalwart:
    """A session with this account; without one for None."""
    server = ScriptedStalwart(*answers)
    primary = {} if account is None else {"urn:stalwart:jmap": account}
    server.session = httpx2.Response(200, json=SESSION | {"primaryAccounts": primary})
    return server


def shown(description: str | None) -> tuple[str, dict[str, Any]]:
    account = {"id": OWN, "emailAddress": "postroom-service@example.org", "description": description}
    return "x:Account/get", {"list": [] if description is None else [account], "notFound": []}


def failed(kind: str, **more: object) -> tuple[str, dict[str, Any]]:
    return "error", {"type": kind, **more}


def refused(kind: str) -> tuple[str, dict[str, Any]]:
    return "x:Account/set", {"notUpdated": {OWN: {"type": kind, "description": "because"}}}


def answered(
    written: tuple[str, dict[str, Any]], *, before: str | None = OLD, after: str | None = OLD
) -> httpx2.Response:
    """The responses to an echo, a query of the mark's domain, and a write between two reads."""
    domain = ("x:Domain/query", {"ids": ["b"]})
    return responses(("Core/echo", {}), domain, shown(before), written, shown(after))


async def test_one_request_proves_that_a_server_echoes_reads_and_writes() -> None:
    server = server_of(answered(DONE))
    registry = server.registry(now=lambda: NOW)
    assert await registry.health_check() is None
    assert await registry.health_check() is None
    assert server.asked == ["session", "Core/echo", "Core/echo"]
    names = ["Core/echo", "x:Domain/query", "x:Account/get", "x:Account/set", "x:Account/get"]
    assert [name for name, _, _ in server.calls()] == names
    (description,) = [patch["description"] for patch in server.calls()[3][1]["update"].values()]
    assert "2026-11-25T10:00:00.000001+00:00" in description


@pytest.mark.parametrize("after", [OLD, None], ids=["unchanged", "our account vanished"])
async def test_a_server_that_echoes_and_reads_but_does_not_write_is_unhealthy(after: str | None) -> None:
    """For example because its disk is full. If it counted as healthy, every registration would become a dead letter."""
    found = await server_of(answered(failed("serverUnavailable"), after=after)).registry().health_check()
    assert isinstance(found, Transient)
    assert "serverUnavailable" in str(found)


async def test_health_check_write_that_lost_to_another_process_counts_as_a_successful_write() -> None:
    assert (
        await server_of(answered(failed("serverUnavailable"), after=OTHERS)).registry().check_health(deadline=2) is None
    )


FORBIDDEN = answered(failed("forbidden", description="You are not authorized to update objects of this type"))
NO_ACCOUNT = answered(("x:Account/set", {"notUpdated": {"d333333": {"type": "notFound"}}}), before=None, after=None)


@pytest.mark.parametrize(
    ("answer", "account", "why"),
    [
        *((answered(refused(kind)), OWN, kind) for kind in ("forbidden", "overQuota", "invalidPatch", "notFound")),
        (FORBIDDEN, OWN, "forbid"),
        (NO_ACCOUNT, None, ""),
        (NO_ACCOUNT, "d333333", ""),
    ],
    ids=[
        *("forbidden", "overQuota", "invalidPatch", "notFound"),
        *("writing is forbidden", "no account in the session", "the recovery administrator"),
    ],
)
async def test_health_check_relies_on_the_read_if_our_key_has_no_account_or_may_not_write_to_it(
    answer: httpx2.Response, account: str | None, why: str
) -> None:
    registry = server_of(answer, account=account).registry()
    assert await registry.health_check() is None
    not_written = await registry.check_health(deadline=2)
    assert not_written
    assert (not_written.has_account, why in not_written.why) == (account == OWN, True)


async def test_health_check_reads_the_account_of_our_key_again_if_it_changed() -> None:
    server = server_of(answered(DONE, before=None), answered(DONE), account="old")
    registry = server.registry()
    assert await registry.health_check() is None
    server.session = server_of().session
    assert await registry.check_health(deadline=2) is None
    assert list(server.calls()[3][1]["update"]) == [OWN]


async def test_a_slow_server_that_was_unavailable_counts_as_healthy_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each failure clears the cached account of our key. If the health check had to read it within the same time limit,
    the breaker would stay open forever as soon as each response took more than half of that limit."""
    monkeypatch.setattr(registry_module, "HEALTH_CHECK_SECONDS", 0.5)
    server = server_of(httpx2.ConnectError("away"), answered(DONE))
    registry = server.registry()
    assert isinstance(await registry.health_check(), Transient)
    server.takes = 0.35
    assert await registry.health_check() is None


@pytest.mark.parametrize(
    "answer",
    [busy(), problem(429), method_error("rateLimit"), answered(refused("rateLimit")), RuntimeError("a defect")],
    ids=["400 limit", "429", "the method", "the write", "a defect"],
)
async def test_throttled_or_broken_health_check_gives_no_verdict(answer: Answer) -> None:
    assert isinstance(await server_of(answer).registry().health_check(), Throttled)


async def test_health_check_fails_without_the_mark_domain() -> None:
    server = server_of()
    server.domains = {}
    server.will(responses(("Core/echo", {})))
    found = await server.registry().health_check()
    assert isinstance(found, Transient)
    assert "holds every mark" in str(found)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (problem(503), "503"),
        (problem(404), "404"),
        (problem(400, "urn:ietf:params:jmap:error:notRequest"), "notRequest"),
        (httpx2.Response(403, content=b"<html>"), "403"),
        (method_error("forbidden", description="no"), "forbids"),
        (httpx2.ConnectError("refused"), "cannot be reached"),
        (httpx2.ReadTimeout("slow"), "did not answer"),
        (httpx2.Response(200, content=b"hello"), "not a JSON object"),
        (httpx2.Response(200, json={"methodResponses": ["what?"]}), "."),
        (method_error("serverUnavailable"), "serverUnavailable"),
        (answered(("x:Account/set", {})), "neither wrote nor refused"),
        (answered(("x:Account/set", {"updated": None, "notUpdated": None})), "neither wrote nor refused"),
        (responses(("Core/echo", {}), failed("serverUnavailable")), "serverUnavailable"),
        (responses(("Core/echo", {}), ("x:Domain/query", {"ids": ["b"]})), "fewer methods"),
    ],
    ids=range(14),
)
async def test_a_server_that_does_not_answer_in_full_is_unhealthy_with_a_reason(answer: Answer, words: str) -> None:
    found = await server_of(answer).registry().health_check()
    assert isinstance(found, Transient)
    assert re.search(words, str(found))


@pytest.mark.parametrize(("status", "words"), [(401, "does not know our key"), (403, "forbids")])
async def test_health_check_reports_that_the_mail_server_refuses_our_key(status: int, words: str) -> None:
    found = await server_of(problem(status)).registry().health_check()
    assert isinstance(found, Misconfigured)
    assert words in str(found)
