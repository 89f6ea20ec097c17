"""/api/settings over a real PostgreSQL, as the service's role."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import httpx2
import pytest
from fastapi import FastAPI

from eventually import eventually
from live_events import commit_event
from live_service import FakePeople
from postroom.api.person_settings import person_settings_routes
from postroom.api.visitor import receive_visitors, visitor_of
from postroom.people.person_settings import EMPTY, MAX_SIZE
from postroom.postgres.connection import Pool
from postroom.postgres.person_settings import PostgresPersonSettings
from records import Records, records_of
from servers import Database

ALICE, BOB = UUID(int=1), UUID(int=2)
DARK, LIGHT = b'{ "theme": "dark" }', '{"theme":"hell \\u2600","names":{"ä":"日本"}}'.encode()


@pytest.fixture
async def browser(pool: Pool) -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    app.router.routes += person_settings_routes(PostgresPersonSettings(pool), visitor_of(FakePeople()))
    receive_visitors(app)
    headers = {"x-person": str(ALICE), "Content-Type": "application/json"}
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://postroom", headers=headers) as browser:
        yield browser


async def put(browser: httpx2.AsyncClient, document: bytes, **headers: str) -> httpx2.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await browser.put("/api/settings", content=document, headers=named)


async def tag_of(browser: httpx2.AsyncClient) -> str:
    return (await browser.get("/api/settings")).headers["etag"]


async def test_settings_come_back_byte_for_byte_and_replace_those_that_were_read(browser: httpx2.AsyncClient) -> None:
    answer = await browser.get("/api/settings")
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (200, b"{}", EMPTY.etag)
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == ("application/json", "no-store")
    tag = EMPTY.etag
    for document in (DARK, LIGHT, b"{}", DARK):
        stored = await put(browser, document, if_match=tag)
        assert (stored.status_code, stored.content) == (204, b"")
        answer = await browser.get("/api/settings")
        assert (answer.content, answer.headers["etag"]) == (document, stored.headers["etag"])
        tag = stored.headers["etag"]


async def test_settings_that_have_changed_are_not_overwritten(browser: httpx2.AsyncClient) -> None:
    first = (await put(browser, DARK, if_none_match="*")).headers["etag"]
    for stale in ({"if_none_match": "*"}, {"if_match": EMPTY.etag}, {"if_match": '"x"'}, {"if_match": f"W/{first}"}):
        refused = await put(browser, LIGHT, **stale)
        assert (refused.status_code, refused.json()["code"]) == (412, "settings_changed")
        assert refused.headers["etag"] == first
    assert (await browser.get("/api/settings")).content == DARK
    assert (await put(browser, LIGHT, if_match=f'"x", {first}')).status_code == 204
    assert (await put(browser, DARK, if_match="*")).status_code == 204


async def watch(records: Records, identity_id: UUID) -> None:
    await records.rows(
        "INSERT INTO mail_states (kratos_identity_id, stalwart_account_id, email) VALUES (%s, 'a', 'a@example.org')",
        identity_id,
    )


async def events(records: Records) -> list[tuple[object, ...]]:
    found = await records.rows("SELECT kratos_identity_id, type, data FROM live_events ORDER BY id")
    return [tuple(each.values()) for each in found]


async def test_each_change_is_an_event_for_who_was_ever_online_and_a_refused_one_is_none(
    browser: httpx2.AsyncClient, records: Records
) -> None:
    await watch(records, ALICE)
    stored = await put(browser, DARK, if_none_match="*")
    assert (await put(browser, LIGHT, if_none_match="*")).status_code == 412
    assert (await put(browser, LIGHT, if_none_match="*", x_person=str(BOB))).status_code == 204
    assert await events(records) == [(ALICE, "settings", {"etag": stored.headers["etag"]})]


async def test_event_of_changed_settings_has_no_lower_id_than_one_that_was_committed_before(
    browser: httpx2.AsyncClient, records: Records, database: Database
) -> None:
    """A client that has seen an id has missed none before it: a poll that writes one holds the row of the person."""
    await watch(records, ALICE)
    async with records_of(database.owner_url) as poll, poll.connection.transaction():
        await poll.rows("UPDATE mail_states SET checked_at = now() RETURNING 1")
        storing = asyncio.create_task(put(browser, DARK, if_none_match="*"))
        await eventually(lambda: records.value("SELECT count(*) FROM pg_locks WHERE NOT granted"), "the change waits")
        earlier = await commit_event(poll, ALICE)
    assert (await storing).status_code == 204
    ids = [each["id"] for each in await records.rows("SELECT id FROM live_events ORDER BY id")]
    assert (len(ids), ids[0]) == (2, earlier)


async def test_any_settings_are_replaced_only_if_there_are_some(browser: httpx2.AsyncClient) -> None:
    refused = await put(browser, DARK, if_match="*")
    assert (refused.status_code, refused.headers["etag"]) == (412, EMPTY.etag)
    assert (await browser.get("/api/settings")).content == b"{}"


async def test_of_many_tabs_that_change_the_same_settings_one_succeeds(browser: httpx2.AsyncClient) -> None:
    for tag in (EMPTY.etag, None):
        condition = tag or await tag_of(browser)
        documents = [f'{{"tab": {number}, "of": "{uuid4()}"}}'.encode() for number in range(8)]
        answers = await asyncio.gather(*(put(browser, each, if_match=condition) for each in documents))
        assert sorted(answer.status_code for answer in answers) == [204, *[412] * 7]
        (winner,) = [each for each, answer in zip(documents, answers, strict=True) if answer.status_code == 204]
        assert (await browser.get("/api/settings")).content == winner


async def test_client_that_has_the_settings_gets_no_body(browser: httpx2.AsyncClient) -> None:
    for document in (None, DARK):
        if document:
            await put(browser, document, if_match=EMPTY.etag)
        tag = await tag_of(browser)
        for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
            answer = await browser.get("/api/settings", headers={"If-None-Match": known})
            assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
        assert (await browser.get("/api/settings", headers={"If-None-Match": '"x"'})).status_code == 200


async def test_settings_are_the_persons_own(browser: httpx2.AsyncClient) -> None:
    await put(browser, DARK, if_none_match="*")
    assert (await browser.get("/api/settings", headers={"x-person": str(BOB)})).content == b"{}"
    assert (await put(browser, LIGHT, if_none_match="*", x_person=str(BOB))).status_code == 204
    assert (await browser.get("/api/settings")).content == DARK


FULL = b'{"a":"' + b"x" * (MAX_SIZE - 8) + b'"}'


@pytest.mark.parametrize(
    ("document", "headers", "status", "code"),
    [
        (DARK, {}, 428, "condition_required"),
        (DARK, {"if_match": "x"}, 428, "condition_required"),
        (DARK, {"content_type": "text/plain"}, 415, "not_json"),
        (DARK, {"content_type": "application/x-www-form-urlencoded"}, 415, "not_json"),
        (FULL + b" ", {}, 413, "too_large"),
        (b"{", {}, 400, "unreadable_body"),
        (b'{"a": 1, "a": 2}', {}, 422, "unfit_settings"),
        (b"[1]", {}, 422, "unfit_settings"),
    ],
)
async def test_unusable_settings_are_refused_and_nothing_is_stored(
    browser: httpx2.AsyncClient, records: Records, document: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    if status != 428:
        headers = headers | {"if_match": EMPTY.etag}
    answer = await put(browser, document, **headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert await records.value("SELECT count(*) FROM person_settings") == 0


async def test_settings_of_the_largest_size_are_stored(browser: httpx2.AsyncClient) -> None:
    wide = b'{"a":[' + b"1," * (MAX_SIZE // 2 - 10) + b"1]}"
    tag = EMPTY.etag
    for document in (FULL, wide, b'{"a":"' + "日".encode() * (MAX_SIZE // 3 - 4) + b'"}'):
        stored = await put(browser, document, if_match=tag)
        assert stored.status_code == 204
        tag = stored.headers["etag"]
        assert (await browser.get("/api/settings")).content == document
