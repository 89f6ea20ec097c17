"""Responses of a scripted Centrifugo: which are errors, which event they concern, and what stays in the outbox."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx2
import jwt
import pytest

from postroom.arrivals.ports import LiveEvent
from postroom.errors import PublisherUnavailable
from postroom.realtime.centrifugo import Centrifugo
from postroom.realtime.connection_token import connection_token

KEY = "key-that-nobody-may-read-0123456789"
ALICE, BOB = UUID(int=1), UUID(int=2)
FIRST, SECOND = LiveEvent(7, ALICE, "mail", {"state": "s1"}), LiveEvent(8, BOB, "mail")


class ScriptedCentrifugo:
    """Responds with `answer`, or fails with it."""

    def __init__(self, answer: httpx2.Response | Exception) -> None:
        self.answer = answer
        self.requests: list[httpx2.Request] = []
        transport = httpx2.MockTransport(self._handle)
        self.publisher = Centrifugo("http://127.0.0.1:9000/api/", KEY, transport=transport)

    def _handle(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def replies(*each: dict[str, Any]) -> httpx2.Response:
    return httpx2.Response(200, json={"replies": list(each)})


def error(code: int, message: str = "told") -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


async def test_events_go_in_one_batch_in_order_each_with_its_key_on_its_persons_channel() -> None:
    server = ScriptedCentrifugo(replies({"publish": {}}, {"publish": {}}))
    assert await server.publisher.publish([FIRST, SECOND]) == []
    (request,) = server.requests
    assert (str(request.url), request.headers["x-api-key"]) == ("http://127.0.0.1:9000/api/batch", KEY)
    assert [command["publish"] for command in json.loads(request.content)["commands"]] == [
        {
            "channel": f"mail:user#{ALICE}",
            "data": {"id": 7, "type": "mail", "data": {"state": "s1"}},
            "idempotency_key": "7",
        },
        {"channel": f"mail:user#{BOB}", "data": {"id": 8, "type": "mail", "data": {}}, "idempotency_key": "8"},
    ]


@pytest.mark.parametrize("code", [102, 107, 108, 999])
async def test_an_error_in_a_reply_of_200_refuses_only_that_event(code: int) -> None:
    server = ScriptedCentrifugo(replies(error(code), {"publish": {}}))
    assert await server.publisher.publish([FIRST, SECOND]) == [FIRST]


class ForgetfulCentrifugo:
    """Publishes as Centrifugo does: each idempotency key once. For the ids in `failing` it responds with an internal
    error."""

    def __init__(self) -> None:
        self.failing: set[int] = set()
        self.published: dict[str, list[int]] = {}
        self.batches: list[list[int]] = []
        transport = httpx2.MockTransport(self._handle)
        self.publisher = Centrifugo("http://127.0.0.1:9000", KEY, transport=transport)

    def _handle(self, request: httpx2.Request) -> httpx2.Response:
        commands = [command["publish"] for command in json.loads(request.content)["commands"]]
        self.batches.append([command["data"]["id"] for command in commands])
        return replies(*map(self._publish, commands))

    def _publish(self, command: dict[str, Any]) -> dict[str, Any]:
        event_id: int = command["data"]["id"]
        if event_id in self.failing:
            return error(100)
        ids = self.published.setdefault(command["channel"], [])
        if event_id not in ids:
            ids.append(event_id)
        return {"publish": {}}

    def received(self, identity_id: UUID) -> list[int]:
        return self.published.get(f"mail:user#{identity_id}", [])


async def test_temporarily_failed_event_is_not_overtaken_by_later_ones_of_its_person() -> None:
    server = ForgetfulCentrifugo()
    events = [LiveEvent(number, ALICE, "mail") for number in (1, 2, 3)]
    server.failing = {2}
    with pytest.raises(PublisherUnavailable, match="could not publish"):
        await server.publisher.publish(events)
    assert server.received(ALICE) == [1]
    server.failing = set()
    assert await server.publisher.publish(events) == []
    assert server.received(ALICE) == [1, 2, 3]


async def test_failing_channel_does_not_delay_other_people() -> None:
    """If Centrifugo's Redis is sharded, only the channels of one shard fail."""
    server = ForgetfulCentrifugo()
    server.failing = {1}
    events = [LiveEvent(1, ALICE, "mail"), *(LiveEvent(number, BOB, "mail") for number in (2, 3, 4))]
    with pytest.raises(PublisherUnavailable):
        await server.publisher.publish(events)
    assert (server.received(ALICE), server.received(BOB)) == ([], [2, 3, 4])


async def test_centrifugo_batch_has_one_event_per_person() -> None:
    server = ForgetfulCentrifugo()
    people = [ALICE, ALICE, BOB, ALICE, BOB]
    await server.publisher.publish([LiveEvent(number, person, "mail") for number, person in enumerate(people, 1)])
    assert server.batches == [[1, 3], [2, 5], [4]]
    server.batches.clear()
    assert await server.publisher.publish([]) == []
    assert server.batches == []


async def test_permanently_rejected_event_does_not_block_later_ones_of_its_person() -> None:
    server = ScriptedCentrifugo(replies(error(107)))
    later = LiveEvent(9, ALICE, "mail")
    assert await server.publisher.publish([FIRST, later]) == [FIRST, later]
    assert len(server.requests) == 2


AWAY = {
    "internal error of one reply": replies({"publish": {}}, error(100)),
    "internal error beside one that is refused": replies(error(102), error(100)),
    "error of the entire batch": httpx2.Response(200, json=error(107)),
    "wrong key": httpx2.Response(401),
    "not found": httpx2.Response(404),
    "500": httpx2.Response(500, text="broken"),
    "redirect": httpx2.Response(307, headers={"location": "http://127.0.0.1:1/"}),
    "too few replies": replies({"publish": {}}),
    "no replies": httpx2.Response(200, json={}),
    "replies that are no list": httpx2.Response(200, json={"replies": {}}),
    "a reply that is no object": httpx2.Response(200, json={"replies": [1, {"publish": {}}]}),
    "a code that is no number": replies({"error": {"code": "x"}}, {"publish": {}}),
    "no object": httpx2.Response(200, json=[]),
    "no JSON": httpx2.Response(200, text="<html>"),
    "no connection": httpx2.ConnectError("refused"),
    "time-out": httpx2.ReadTimeout("slow"),
    "cut": httpx2.RemoteProtocolError("cut"),
}


async def publishes(publisher: Centrifugo) -> None:
    await publisher.publish([FIRST, SECOND])


async def disconnects(publisher: Centrifugo) -> None:
    await publisher.disconnect(ALICE)


async def counts(publisher: Centrifugo) -> None:
    await publisher.nodes()


COULD_NOT_DISCONNECT = (httpx2.Response(200, json=error(100)), httpx2.Response(401))
COULD_NOT_COUNT = (
    httpx2.Response(200, json=error(102, "unknown channel")),
    httpx2.Response(200, json={"result": {}}),
    httpx2.Response(200, json={"result": []}),
    httpx2.Response(401),
    httpx2.Response(404),
    httpx2.ConnectError("refused"),
)


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        *(pytest.param(publishes, answer, id=what) for what, answer in AWAY.items()),
        *((disconnects, answer) for answer in COULD_NOT_DISCONNECT),
        *((counts, answer) for answer in COULD_NOT_COUNT),
    ],
)
async def test_unexpected_centrifugo_answer_raises_publisher_unavailable_without_the_key(
    call: Callable[[Centrifugo], Awaitable[None]], answer: httpx2.Response | Exception
) -> None:
    with pytest.raises(PublisherUnavailable) as caught:
        await call(ScriptedCentrifugo(answer).publisher)
    assert KEY not in str(caught.value)
    if isinstance(answer, httpx2.Response) and answer.status_code == 401:
        assert "POSTROOM_CENTRIFUGO_API_KEY" in caught.value.fix


async def test_centrifugo_request_times_out_after_two_seconds() -> None:
    """httpx2 raises `ReadTimeout` then, which is one of the answers above."""
    assert Centrifugo("http://127.0.0.1:9000", KEY)._http.timeout == httpx2.Timeout(2)


async def test_disconnect_code_tells_the_client_not_to_reconnect() -> None:
    server = ScriptedCentrifugo(httpx2.Response(200, json={"result": {}}))
    await server.publisher.disconnect(ALICE)
    (request,) = server.requests
    assert request.url.path == "/api/disconnect"
    assert json.loads(request.content) == {
        "user": str(ALICE),
        "disconnect": {"code": 4501, "reason": "logged out"},
    }


async def test_centrifugo_check_counts_nodes_and_requests_our_namespace() -> None:
    server = ScriptedCentrifugo(httpx2.Response(200, json={"result": {"nodes": [{}, {}]}}))
    assert await server.publisher.nodes() == 2
    assert [(request.url.path, json.loads(request.content)) for request in server.requests] == [
        ("/api/info", {}),
        ("/api/history", {"channel": f"mail:user#{UUID(int=0)}", "limit": 0}),
    ]


NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("session_expires_at", "life"),
    [(None, 300), (NOW + timedelta(days=1), 300), (NOW + timedelta(seconds=20), 20)],
    ids=["no end", "a long session", "a session that ends sooner"],
)
def test_centrifugo_token_expires_after_five_minutes_or_with_its_session(
    session_expires_at: datetime | None, life: int
) -> None:
    token = connection_token(ALICE, key=KEY, now=NOW, session_expires_at=session_expires_at)
    assert jwt.get_unverified_header(token)["alg"] == "HS256"
    claims = jwt.decode(token, KEY, algorithms=["HS256"], audience="centrifugo", options={"verify_exp": False})
    start = int(NOW.timestamp())
    assert claims == {"sub": str(ALICE), "exp": start + life, "iat": start, "aud": "centrifugo", "iss": "postroom"}
