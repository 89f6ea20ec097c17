"""The webhook and its neighbours over HTTP: the responses of the contract, and that invalid input stores no request."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from structlog.testing import capture_logs

from eventually import eventually
from parts import KEY, environment, running_parts
from postroom.composition.parts import connected
from postroom.composition.process import make_app
from postroom.process.telemetry import REGISTRY
from postroom.settings.environment import load
from records import Records, mailbox
from servers import Database
from stalwart_stand_in import StalwartStandIn

PATH = "/internal/mail/provision"
PREVIOUS = "key-before-the-rotation-0123"
TOKEN = "token-of-the-metrics"
JSON = {"Content-Type": "application/json"}


@asynccontextmanager
async def http(app: Any, *, client: str = "127.0.0.1") -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=app, client=(client, 50000))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http_client:
        yield http_client


@pytest.fixture
async def service(database: Database, redis_url: str, stalwart: StalwartStandIn) -> AsyncIterator[httpx2.AsyncClient]:
    more = {"webhook_key_previous": PREVIOUS, "metrics_token": TOKEN}
    async with (
        running_parts(environment(database, redis_url, stalwart, **more)) as parts,
        http(make_app(parts)) as client,
    ):
        yield client


@pytest.fixture
async def door(database: Database) -> AsyncIterator[httpx2.AsyncClient]:
    """The service without a mail server, for webhooks that must not cause a call to it."""
    async with connected(load(environment(database, None, None))) as parts, http(make_app(parts)) as client:
        yield client


def hook(email: object, identity_id: object = None, **traits: object) -> dict[str, Any]:
    return {"identity": {"id": str(identity_id or uuid4()), "traits": {"email": email} | traits}}


async def post(client: httpx2.AsyncClient, body: object, *, key: str | None = KEY, **headers: str) -> httpx2.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = JSON | {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.post(PATH, content=content, headers=sent | ({} if key is None else {"X-Postroom-Key": key}))


async def assert_nothing_stored(records: Records) -> None:
    assert await records.value("SELECT count(*) FROM email_requests") == 0
    assert await records.value("SELECT count(*) FROM email_provisioning_log") == 0


async def test_webhook_success_is_answered_as_the_contract_says(service: httpx2.AsyncClient, records: Records) -> None:
    alice = mailbox()
    body = hook(" Alice@Example.org ", alice.identity_id, name={"first": "Alice"}) | {"more": 1}
    answer = await post(service, body, Content_Type="Application/JSON; charset=utf-8")
    account = await records.account(alice.identity_id)
    assert account
    assert answer.status_code == 200
    assert answer.json() == {
        "success": True,
        "message": "Email account provisioned for alice@example.org",
        "email_account_id": str(account["id"]),
    }
    assert (await records.request(alice.identity_id))["display_name"] == "Alice"


async def test_failed_attempt_is_answered_500_will_retry_after_its_retry_is_stored(
    service: httpx2.AsyncClient, stalwart: StalwartStandIn, records: Records
) -> None:
    await stalwart.set_fault(kind="fail")
    alice = mailbox("should-fail")
    for _ in range(2):  # a repeated webhook causes no attempt
        answer = await post(service, hook(alice.email, alice.identity_id))
        assert answer.status_code == 500
        assert answer.json() == {"success": False, "message": "Provisioning failed, will retry..."}
    row = await records.request(alice.identity_id)
    assert (row["state"], row["retries"], row["attempts"]) == ("waiting", 1, 1)
    assert 50 < row["due_in"] <= 60


async def test_kratos_webhook_headers_are_in_the_audit(service: httpx2.AsyncClient, records: Records) -> None:
    alice = mailbox()
    headers = {
        "Ory_Webhook_Trigger_Id": "trigger-1",
        "Ory_Webhook_Request_Id": "request-1",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    }
    await post(service, hook(alice.email, alice.identity_id), **headers)
    await post(service, hook("root@example.org", alice.identity_id), **(headers | {"traceparent": "x" * 500}))
    entries = await records.log(alice.identity_id)
    assert [entry["action"] for entry in entries] == ["create", "create", "refuse"]
    for entry in (entries[0], entries[2]):
        assert (entry["trigger_id"], entry["request_id"]) == ("trigger-1", "request-1")
    assert entries[0]["traceparent"] == headers["traceparent"]
    assert entries[2]["traceparent"] is None, "too long for the audit"


@pytest.mark.parametrize("key", [None, "", "wrong", KEY + "x", KEY[:-1], "schlüssel", f"{KEY},{PREVIOUS}"])
async def test_webhook_without_the_key_gets_401_is_logged_and_stores_nothing(
    door: httpx2.AsyncClient, records: Records, key: str | None
) -> None:
    sent = {} if key is None else {"X-Postroom-Key": key.encode()}
    with capture_logs() as lines:
        answer = await door.post(PATH, json=hook("alice@example.org"), headers=sent)  # type: ignore[arg-type]
    assert [("POSTROOM_WEBHOOK_KEY" in line["fix"], KEY in str(line)) for line in lines] == [(True, False)]
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    assert "X-Postroom-Key" in answer.json()["detail"]
    assert KEY not in answer.text
    await assert_nothing_stored(records)


async def test_current_and_previous_webhook_key_are_accepted(service: httpx2.AsyncClient) -> None:
    for number, key in enumerate((KEY, PREVIOUS)):
        assert (await post(service, hook(f"user-{number}@example.org"), key=key)).status_code == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "application/json-patch+json"])
async def test_webhook_body_that_is_not_json_gets_415(door: httpx2.AsyncClient, records: Records, kind: str) -> None:
    answer = await post(door, hook("alice@example.org"), Content_Type=kind)
    assert answer.status_code == 415
    await assert_nothing_stored(records)


async def test_large_webhook_body_gets_413_with_or_without_a_content_length(
    service: httpx2.AsyncClient, records: Records
) -> None:
    async def streamed() -> AsyncIterator[bytes]:
        for _ in range(65):
            yield b" " * 1024

    headers = JSON | {"X-Postroom-Key": KEY}
    announced = await service.post(PATH, content=b" " * 65_537, headers=headers)
    unannounced = await service.post(PATH, content=streamed(), headers=headers)
    assert (announced.status_code, unannounced.status_code) == (413, 413)
    await assert_nothing_stored(records)
    fits = json.dumps(hook("alice@example.org")).encode().ljust(65_536)
    assert (await post(service, fits)).status_code == 200


UNREADABLE: dict[str, Any] = {  # some of those of tests/unit/test_hook_body.py
    "not JSON": b"{",
    "id is no UUID": hook("alice@example.org", "alice"),
    "deep": b"[" * 60_000,
    "lone surrogates": b'{"identity": {"id": "\\ud800", "traits": {"email": "\\ud800"}}}',
}


async def test_webhook_with_a_stalled_body_gets_408_and_stores_nothing(
    door: httpx2.AsyncClient, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("postroom.api.body.BODY_WITHIN", 0.05)

    async def body() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    headers = JSON | {"X-Postroom-Key": KEY}
    async with asyncio.timeout(5):
        answer = await door.post(PATH, content=body(), headers=headers)
    assert (answer.status_code, answer.headers["connection"]) == (408, "close")
    assert answer.json()["type"] == "urn:postroom:problem:too_slow"
    await assert_nothing_stored(records)


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE.keys())
async def test_unreadable_webhook_body_gets_400_with_an_audited_reason_and_makes_no_request(
    door: httpx2.AsyncClient, records: Records, body: object
) -> None:
    answer = await post(door, body)
    assert answer.status_code == 400, answer.text
    problem = answer.json()
    assert (problem["status"], problem["success"]) == (400, False)
    assert problem["detail"]
    assert "Traceback" not in answer.text
    assert await records.value("SELECT count(*) FROM email_requests") == 0
    (entry,) = await records.rows("SELECT * FROM email_provisioning_log")
    assert (entry["action"], entry["status"], entry["error_message"]) == ("refuse", "done", problem["detail"])


REFUSED: dict[str, tuple[dict[str, Any], str]] = {  # some of those of tests/unit/test_hook_body.py
    "no traits": ({"identity": {"id": str(uuid4())}}, "no_address"),
    "email with a lone surrogate": (hook("\ud800@example.org"), "unsafe_local_part"),
    "a NUL": (hook("al\0ice@example.org"), "unsafe_local_part"),
    "the nil UUID": (hook("alice@example.org", UUID(int=0)), "nil_identity"),
    "a domain that is not served": (hook("alice@elsewhere.example"), "domain_not_served"),
    "a reserved name": (hook("Postmaster@example.org"), "reserved_name"),
}


@pytest.mark.parametrize(("body", "code"), REFUSED.values(), ids=REFUSED.keys())
async def test_webhook_for_a_refused_address_gets_422_and_an_audit_row_but_no_request(
    door: httpx2.AsyncClient, records: Records, body: dict[str, Any], code: str
) -> None:
    answer = await post(door, body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["type"] == f"urn:postroom:problem:{code}"
    assert await records.value("SELECT count(*) FROM email_requests") == 0
    assert (await post(door, body)).status_code == 422
    (entry,) = await records.log(UUID(body["identity"]["id"]))
    assert (entry["action"], entry["status"], entry["code"]) == ("refuse", "done", code)
    assert entry["error_message"] == answer.json()["detail"]


async def test_twenty_concurrent_webhooks_for_one_identity_cause_one_attempt_and_one_account(
    service: httpx2.AsyncClient, stalwart: StalwartStandIn, records: Records
) -> None:
    alice = mailbox()
    answers = await asyncio.gather(*(post(service, hook(alice.email, alice.identity_id)) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["email_account_id"] for answer in answers}) == 1
    assert await records.attempts(alice.identity_id) == [("pending", 1), ("success", 1)]
    assert len(await stalwart.accounts()) == 1


async def test_webhook_for_an_address_of_another_identity_gets_409_each_time(
    service: httpx2.AsyncClient, records: Records
) -> None:
    holder, imposter = uuid4(), uuid4()
    assert (await post(service, hook("alice@example.org", holder))).status_code == 200
    held = f"the address is held by another identity, {holder}"
    for _ in range(2):
        answer = await post(service, hook("alice@example.org", imposter))
        assert (answer.status_code, answer.json()["detail"]) == (409, held)
    assert len(await records.log(imposter)) == 1
    assert (await post(service, hook("alice.too@example.org", imposter))).status_code == 200


@pytest.mark.parametrize("state", ["provisioned", "dead"])
@pytest.mark.parametrize("email", ["alice.a@example.org", "postmaster@example.org", "alice@elsewhere.org"])
async def test_hook_about_an_identity_with_a_mailbox_gets_its_account_whatever_has_changed(
    email: str, state: str, service: httpx2.AsyncClient, records: Records
) -> None:
    """Also an address that cannot be assigned: Kratos and its log must not take the change for a failure."""
    alice = mailbox()
    first = await post(service, hook(alice.email, alice.identity_id))
    reason = "buried by olga" if state == "dead" else None
    await records.rows("UPDATE email_requests SET state = %s, reason = %s", state, reason)
    before = await records.request(alice.identity_id)
    second = await post(service, hook(email, alice.identity_id))
    assert (second.status_code, second.json()) == (200, first.json())
    assert await records.request(alice.identity_id) == before
    assert len(await records.attempts(alice.identity_id)) == 2


async def test_webhook_for_a_missing_mailbox_gets_409_with_the_command_to_fix_it(
    service: httpx2.AsyncClient, records: Records
) -> None:
    alice = mailbox()
    assert (await post(service, hook(alice.email, alice.identity_id))).status_code == 200
    await records.rows("UPDATE email_accounts SET suspected_at = now(), missing_at = now()")
    answer = await post(service, hook(alice.email, alice.identity_id))
    assert (answer.status_code, answer.json()["code"]) == (409, "mailbox_missing")
    assert f"postroom remake {alice.email}" in answer.json()["detail"]
    assert await records.attempts(alice.identity_id) == [("pending", 1), ("success", 1)], "there is no attempt"


async def test_webhook_for_a_mailbox_without_a_record_gets_409_with_the_command_to_fix_it(
    service: httpx2.AsyncClient, records: Records
) -> None:
    """After a restore of single tables: it was answered "will retry" for ever, and nothing was tried."""
    alice = mailbox()
    assert (await post(service, hook(alice.email, alice.identity_id))).status_code == 200
    await records.rows("DELETE FROM email_accounts")
    answer = await post(service, hook(alice.email, alice.identity_id))
    assert (answer.status_code, answer.json()["code"]) == (409, "mailbox_missing")
    assert "postroom rebuild --from-stalwart" in answer.json()["detail"]
    assert await records.attempts(alice.identity_id) == [("pending", 1), ("success", 1)], "there is no attempt"


@pytest.fixture
async def without_database(database: Database) -> AsyncIterator[httpx2.AsyncClient]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    url = f"postgresql://postroom:pw@127.0.0.1:{port}/nowhere"
    unreachable = environment(database, None, None, database_url=url, retry_after_seconds=7)
    async with connected(load(unreachable)) as parts, http(make_app(parts)) as client:
        yield client


async def test_without_postgresql_the_response_says_that_nothing_was_stored(
    without_database: httpx2.AsyncClient,
) -> None:
    answer, ready, live, metrics = await asyncio.gather(
        post(without_database, hook("alice@example.org")),
        without_database.get("/health/ready"),
        without_database.get("/health/live"),
        without_database.get("/metrics"),
    )
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")
    assert "nothing was stored" in answer.json()["detail"]
    assert (ready.status_code, live.status_code, metrics.status_code) == (503, 200, 200)
    assert "\npostroom_database_up 0\n" in metrics.text


async def test_metrics_need_a_token_except_for_direct_loopback_requests(
    database: Database,
) -> None:
    async with (
        connected(load(environment(database, None, None, metrics_token=TOKEN))) as parts,
        http(make_app(parts)) as near,
        http(make_app(parts), client="192.0.2.7") as far,
    ):
        assert "postroom_database_up 1" in (await near.get("/metrics")).text
        for proxied in ({"X-Forwarded-For": "192.0.2.7"}, {"Forwarded": "for=192.0.2.7"}, {"X-Real-IP": "::1"}):
            assert (await near.get("/metrics", headers=proxied)).status_code == 403
        # A page whose name leads to loopback (DNS rebinding) is a direct request of loopback.
        assert (await near.get("/metrics", headers={"Host": "evil.example"})).status_code == 421
        assert (await far.get("/metrics")).status_code == 403
        for wrong in ("", "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN):
            assert (await far.get("/metrics", headers={"Authorization": wrong})).status_code == 403
        allowed = await far.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert allowed.status_code == 200


async def test_stopping_service_stores_neither_a_new_webhook_nor_one_that_waits_for_a_slot(
    database: Database, records: Records
) -> None:
    given = load(environment(database, None, None, retry_after_seconds=7))
    async with connected(given) as parts, http(make_app(parts)) as client:
        async with parts.accept._slots.all():
            waiting = asyncio.create_task(post(client, hook("alice@example.org")))
            await eventually(lambda: parts.accept._hooks, "the webhook has arrived")
            parts.accept.stop()
        answers = [await waiting, await post(client, hook("bob@example.org"))]
        await parts.accept.drain(within=1)
    for answer in answers:
        assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "stopping", "7")
    await assert_nothing_stored(records)


async def test_a_webhook_beyond_the_limit_gets_503_at_once_and_stores_nothing(
    database: Database, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A second later its line would stand in the output of another test's command.
    monkeypatch.setattr("postroom.api.load_shedding.LOG_EVERY", 0)
    arrived, goes_on = asyncio.Event(), asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        arrived.set()
        await goes_on.wait()
        yield b"{"

    given = load(environment(database, None, None, hooks_at_once=1))
    async with connected(given) as parts, http(make_app(parts)) as client:
        within = asyncio.create_task(client.post(PATH, content=body(), headers=JSON | {"X-Postroom-Key": KEY}))
        await arrived.wait()
        shed = await post(client, hook("alice@example.org"))
        assert (shed.status_code, shed.json()["code"]) == (503, "too_busy")
        assert 13 <= int(shed.headers["retry-after"]) <= 37
        assert (await client.get("/health/live")).status_code == 200
        await assert_nothing_stored(records)
        goes_on.set()
        assert (await within).status_code == 400


async def test_an_unhandled_error_is_counted_and_logged_without_its_text(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a-secret-in-its-text")

    before = REGISTRY.get_sample_value("postroom_unhandled_errors_total", {"path": PATH}) or 0
    async with connected(load(environment(database, None, None))) as parts, http(make_app(parts)) as client:
        monkeypatch.setattr(type(parts.requests), "accept", breaks)
        with capture_logs() as logs:
            answer = await post(client, hook("alice@example.org"))
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert answer.json()["code"] == "internal_error"
    assert "will retry" not in answer.text
    assert REGISTRY.get_sample_value("postroom_unhandled_errors_total", {"path": PATH}) == before + 1
    (reported,) = [each for each in logs if each["event"] == "An unhandled error"]
    assert reported["error"] == "ZeroDivisionError"
    assert "a-secret" not in str(logs)


async def test_unknown_paths_and_methods_get_problem_responses(service: httpx2.AsyncClient) -> None:
    for answer, status in (
        (await service.get(PATH), 405),
        (await service.get("/nowhere"), 404),
        (await service.post(PATH + "/"), 404),
    ):
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
