"""Stalwart's webhook: its signatures, the hints in it, and forged or replayed requests."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Iterable
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs

from postroom.api.stalwart_webhook import MAX_BODY, StalwartWebhook, stalwart_webhook_route
from postroom.api.visitor import receive_visitors
from postroom.stalwart.webhook import Hint, WebhookReader, email_state, jmap_id
from postroom_sandbox.stalwart.mail import state_string as stand_in_state

RECORDED = (
    b'{"events":[{"id":"17955672100283","createdAt":"2026-11-25T00:40:10Z","type":"message-ingest.ham","data":{"spanId":'
    b'342438100118536192,"accountId":1,"documentId":1,"mailboxId":[0],"blobId":'
    b'"7f32b52c7594ad1cc53836f1d59fba58bf294b61035871cf04dcc149a4d91a63","changeId":3,"messageId":'
    b'"Hello.0.ann@example.org","size":205,"elapsed":0,"queueId":342438100114341888,"queueName":"local","from":'
    b'"sender@example.com","to":["ann@example.org"],"total":1}}]}'
)
"""A request of Stalwart 0.16.19, signed with the key "k"."""

SIGNATURE = "Jy7hjiA53uLioh82plWGPRQ/NFNCNLyP+PKv9kpfS5w="


def signed(raw: bytes, key: str = "k") -> str:
    return base64.b64encode(hmac.digest(key.encode(), raw, hashlib.sha256)).decode()


def ham(account: Any = 1, document: Any = 1, **more: Any) -> dict[str, Any]:
    return {"id": "1", "type": "message-ingest.ham", "data": {"accountId": account, "documentId": document, **more}}


def body(*events: Any) -> bytes:
    return json.dumps({"events": events}).encode()


@pytest.fixture
def reader() -> WebhookReader:
    return WebhookReader("k")


def test_recorded_stalwart_webhook_verifies_and_gives_its_hint(reader: WebhookReader) -> None:
    assert reader.verifies(RECORDED, [SIGNATURE])
    assert reader.hints(RECORDED) == [Hint("b", 1, 3)]


@pytest.mark.parametrize(
    ("what", "raw", "signatures"),
    [
        ("none", RECORDED, []),
        ("empty", RECORDED, [""]),
        ("two", RECORDED, [SIGNATURE, SIGNATURE]),
        ("two in one header", RECORDED, [f"{SIGNATURE}, {SIGNATURE}"]),
        ("no base64", RECORDED, ["!!!"]),
        ("not ASCII", RECORDED, ["ü" + SIGNATURE]),
        ("hexadecimal", RECORDED, [hmac.digest(b"k", RECORDED, hashlib.sha256).hex()]),
        ("of another key", RECORDED, [signed(RECORDED, "K")]),
        ("of no key", RECORDED, [signed(RECORDED, "")]),
        ("a part of it", RECORDED, [base64.b64encode(base64.b64decode(SIGNATURE)[:16]).decode()]),
        ("of another body", RECORDED + b" ", [SIGNATURE]),
        ("of the same JSON in other bytes", json.dumps(json.loads(RECORDED)).encode(), [SIGNATURE]),
        ("with a scheme", RECORDED, [f"sha256={SIGNATURE}"]),
    ],
)
def test_forged_webhook_signature_is_rejected(
    what: str, raw: bytes, signatures: list[str], reader: WebhookReader
) -> None:
    assert not reader.verifies(raw, signatures), what


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff",
        b"{",
        b"null",
        b"[]",
        b'"events"',
        b"{}",
        b'{"events": null}',
        b'{"events": {"0": {}}}',
        b"[" * 100_000,
        b'{"events": [' + b"9" * 5000 + b"]}",
        body(None, 1, "x", [], {}),
        body({"type": "message-ingest.ham"}, {"type": "message-ingest.ham", "data": None}),
        body({"type": ["message-ingest.ham"], "data": {"accountId": 1}}),
        body(ham(None), ham("b"), ham(-1), ham(1.5), ham(True), ham(2**32), ham([1]), ham({})),
    ],
)
def test_unreadable_stalwart_webhook_gives_no_hint(raw: bytes, reader: WebhookReader) -> None:
    assert reader.hints(raw) == []


@pytest.mark.parametrize(
    "kind",
    [
        "message-ingest.spam",
        "message-ingest.imap-append",
        "message-ingest.jmap-append",
        "message-ingest.duplicate",
        "message-ingest",
        "message-ingest.HAM",
        "delivery.completed",
        "",
        "tomorrow.unknown",
    ],
)
def test_only_a_non_spam_delivery_gives_a_hint(kind: str, reader: WebhookReader) -> None:
    assert reader.hints(body({**ham(), "type": kind}, ham(2, 7))) == [Hint("c", 7)]


def test_stalwart_webhook_event_is_deduplicated_by_its_content_not_its_id(reader: WebhookReader) -> None:
    assert reader.hints(body(ham(1, 1, changeId=3), {**ham(1, 1, changeId=3), "id": "2"})) == [Hint("b", 1, 3)]
    assert reader.hints(body(ham(1, 1, changeId=3), ham(1, 2, changeId=3), ham(2, 1, changeId=3))) == [
        Hint("b", 2, 3),
        Hint("c", 1, 3),
    ]
    assert reader.hints(body(ham(1, 1, changeId=9))) == [Hint("b", 1, 9)], "the number was assigned again"


def test_webhook_event_without_a_document_id_always_gives_a_hint(reader: WebhookReader) -> None:
    nameless = body({"type": "message-ingest.ham", "data": {"accountId": 1}})
    assert reader.hints(nameless) == reader.hints(nameless) == [Hint("b")]


def test_memory_of_seen_webhook_events_is_bounded_and_drops_the_oldest(reader: WebhookReader) -> None:
    reader.hints(body(*(ham(1, number) for number in range(20_001))))
    assert reader.hints(body(ham(1, 20_000), ham(1, 0))) == [Hint("b", 0)]
    assert len(reader._known) == 20_000


@pytest.mark.parametrize(
    ("number", "spelled"), [(0, "a"), (1, "b"), (31, "3"), (32, "ba"), (53, "bv"), (2**32 - 1, "d333333")]
)
def test_number_is_encoded_as_stalwart_encodes_ids(number: int, spelled: str) -> None:
    assert jmap_id(number) == spelled


@pytest.mark.parametrize("number", [0, 1, 3, 127, 128, 345, 16_383, 16_384, 2**32, 2**62])
def test_change_id_is_encoded_as_the_email_state_after_it(number: int) -> None:
    spelled = email_state(number)
    assert spelled == (stand_in_state.encode(number) if number else "saa")


def test_webhook_hint_has_the_same_state_as_the_event_source(reader: WebhookReader) -> None:
    """As recorded: for the delivery in RECORDED the event source of 0.16.19 sent {"Email": "sam"}."""
    assert [hint.state for hint in reader.hints(RECORDED)] == ["sam"]


class Endpoint:
    """The route over HTTP, and the accounts for which it gave hints, each with its state."""

    def __init__(self, reader: WebhookReader | None) -> None:
        self.hinted: list[tuple[str, str | None]] = []
        app = FastAPI()
        app.router.routes.append(stalwart_webhook_route(StalwartWebhook(reader, self._hint)))
        receive_visitors(app)
        self._http = httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://postroom")

    def _hint(self, account_ids: Iterable[str], state: str | None) -> None:
        self.hinted += [(account_id, state) for account_id in account_ids]

    async def post(self, content: Any, *signatures: str) -> httpx2.Response:
        headers = [("X-Signature", signature) for signature in signatures]
        return await self._http.post("/internal/mail/stalwart", content=content, headers=headers)


@pytest.fixture
def endpoint(reader: WebhookReader) -> Endpoint:
    return Endpoint(reader)


async def test_signed_stalwart_webhook_gives_each_account_one_hint_with_its_newest_state(endpoint: Endpoint) -> None:
    raw = body(ham(1, 2, changeId=4), ham(1, 1, changeId=3), ham(2, 1), ham(2, 2, changeId=9))
    answer = await endpoint.post(raw, signed(raw))
    assert (answer.status_code, answer.content) == (204, b"")
    # For the second account it is not known which of the two events is newer.
    assert sorted(endpoint.hinted) == [("b", email_state(4)), ("c", None)]


async def test_replayed_stalwart_webhook_is_accepted_but_gives_no_new_hint(endpoint: Endpoint) -> None:
    for _ in range(3):
        assert (await endpoint.post(RECORDED, SIGNATURE)).status_code == 204
    assert endpoint.hinted == [("b", "sam")]


async def test_signed_but_unreadable_webhook_body_is_accepted_so_that_it_is_not_sent_again(endpoint: Endpoint) -> None:
    assert (await endpoint.post(b"{", signed(b"{"))).status_code == 204
    assert endpoint.hinted == []


@pytest.mark.parametrize("signatures", [(), (signed(RECORDED, "other"),), (SIGNATURE, SIGNATURE), ("",)])
async def test_forged_stalwart_webhook_is_rejected_and_gives_no_hint(
    signatures: tuple[str, ...], endpoint: Endpoint
) -> None:
    with capture_logs() as lines:
        answer = await endpoint.post(RECORDED, *signatures)
    assert [(line["refused"], "check --fix" in line["fix"]) for line in lines] == [(1, True)]
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    assert (answer.json()["code"], endpoint.hinted) == ("wrong_signature", [])


async def test_stalwart_webhook_without_a_configured_key_gets_404() -> None:
    endpoint = Endpoint(None)
    assert (await endpoint.post(RECORDED, SIGNATURE)).status_code == 404
    assert endpoint.hinted == []


async def test_oversized_body_is_rejected_before_its_signature_is_computed(endpoint: Endpoint) -> None:
    raw = b" " * (MAX_BODY + 1)
    assert (await endpoint.post(raw, signed(raw))).status_code == 413

    async def chunks() -> AsyncIterator[bytes]:  # without a Content-Length
        for _ in range(3):
            yield b" " * (MAX_BODY // 2)

    assert (await endpoint.post(chunks(), SIGNATURE)).status_code == 413
    raw = body(ham()).ljust(MAX_BODY)
    assert (await endpoint.post(raw, signed(raw))).status_code == 204
    assert endpoint.hinted == [("b", None)]


async def test_stalwart_webhook_with_a_stalled_body_gets_408_and_gives_no_hint(
    monkeypatch: pytest.MonkeyPatch, endpoint: Endpoint
) -> None:
    monkeypatch.setattr("postroom.api.body.BODY_WITHIN", 0.05)
    never = asyncio.Event()

    async def chunks() -> AsyncIterator[bytes]:
        yield b"{"
        await never.wait()

    assert (await endpoint.post(chunks(), SIGNATURE)).status_code == 408
    assert endpoint.hinted == []
