"""Sessions, on the stand-in and on the real Kratos."""

import json
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx2
import psycopg
import pytest
from psycopg import sql

from kratos_browser import Browser, browser_at, totp, totp_secret
from kratos_servers import PASSWORD, Kratos, kratos_stand_in, real_kratos
from postroom.clock import SystemClock
from postroom.domain.person import ALL_SCOPES
from postroom.errors import KratosUnavailable, NoSession
from postroom.kratos.identities import KratosIdentities
from postroom.kratos.sessions import KratosSessions
from postroom_sandbox.embedded_postgres import EmbeddedPostgres
from postroom_sandbox.kratos.store import FILE_NAME
from postroom_sandbox.loopback import LOOPBACK

SERVERS = {"stand-in": kratos_stand_in, "1.3.1": real_kratos}
COOKIE = "ory_kratos_session"
NOWHERE = f"http://{LOOPBACK}:9/internal/mail/provision"
KEY = "key of the hook"

both = pytest.mark.parametrize("kratos", SERVERS, indirect=True)


@pytest.fixture(scope="module")
async def kratos(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Kratos]:
    server = SERVERS[request.param]
    async with server(tmp_path_factory.mktemp("kratos"), hook_url=NOWHERE, hook_key=KEY) as running:
        yield running


@asynccontextmanager
async def sessions_of(kratos: Kratos, *, cache_seconds: float = 0) -> AsyncIterator[KratosSessions]:
    sessions = KratosSessions(kratos.public_url, SystemClock(), cookie_name=COOKIE, cache_seconds=cache_seconds)
    try:
        yield sessions
    finally:
        await sessions.aclose()


@pytest.fixture
async def sessions(kratos: Kratos) -> AsyncIterator[KratosSessions]:
    """Without a cache."""
    async with sessions_of(kratos) as sessions:
        yield sessions


@pytest.fixture
def email() -> str:
    return f"person.{uuid4().hex}@example.org"


@asynccontextmanager
async def browser_of(kratos: Kratos, email: str) -> AsyncIterator[tuple[httpx2.AsyncClient, str]]:
    """A browser in which a person has registered, and the value of its session cookie."""
    async with httpx2.AsyncClient(trust_env=False, headers={"Accept": "application/json"}) as browser:
        flow = (await browser.get(f"{kratos.public_url}/self-service/registration/browser")).json()
        [token] = [n["attributes"]["value"] for n in flow["ui"]["nodes"] if n["attributes"]["name"] == "csrf_token"]
        form = {"method": "password", "password": PASSWORD, "traits": {"email": email}, "csrf_token": token}
        (await browser.post(flow["ui"]["action"], json=form)).raise_for_status()
        yield browser, browser.cookies[COOKIE]


async def nobody(asking: Awaitable[object]) -> None:
    with pytest.raises(NoSession):
        await asking


@both
async def test_session_token_and_cookie_each_identify_the_person(
    kratos: Kratos, sessions: KratosSessions, email: str
) -> None:
    registered = await kratos.sign_up(email)
    by_token = (await sessions.whoami(token=registered["session_token"])).person
    assert (str(by_token.identity_id), by_token.scopes) == (registered["identity"]["id"], ALL_SCOPES)
    assert by_token.expires_at
    assert abs(by_token.expires_at - datetime.now(UTC) - timedelta(hours=24)) < timedelta(minutes=1)

    async with browser_of(kratos, f"browser.{email}") as (browser, cookie):
        whoami = (await browser.get(f"{kratos.public_url}/sessions/whoami")).json()
        visitor = await sessions.whoami(cookie=cookie)
        assert (visitor.person.identity_id, visitor.set_cookie) == (UUID(whoami["identity"]["id"]), ())


@both
@pytest.mark.parametrize("value", ["ory_st_unknown", "MTc5NTU2MzcwMHxEdi1CQkFFQ180SUFBUkFCRUFBQQ==", "%00", "null"])
async def test_credential_unknown_to_kratos_gives_no_session(
    kratos: Kratos, sessions: KratosSessions, value: str
) -> None:
    await nobody(sessions.whoami(token=value))
    await nobody(sessions.whoami(cookie=value))


@both
async def test_logout_by_token_ends_the_session_at_once_in_the_process_that_forgets_it(
    kratos: Kratos, email: str
) -> None:
    token = (await kratos.sign_up(email))["session_token"]
    async with sessions_of(kratos, cache_seconds=30) as sessions:
        await sessions.whoami(token=token)
        url = f"{kratos.public_url}/self-service/logout/api"
        answer = await kratos.http.request("DELETE", url, json={"session_token": token})
        assert answer.status_code == 204
        # Another process would still accept it for up to 30 s.
        await sessions.whoami(token=token)
        sessions.forget(token=token)
        await nobody(sessions.whoami(token=token))
    for again, status in ((token, 204), ("ory_st_unknown", 403)):
        answer = await kratos.http.request("DELETE", url, json={"session_token": again})
        assert answer.status_code == status


@both
async def test_a_browser_logs_out_by_the_url_that_only_it_gets(
    kratos: Kratos, sessions: KratosSessions, email: str
) -> None:
    async with browser_of(kratos, email) as (browser, cookie):
        started = await browser.get(f"{kratos.public_url}/self-service/logout/browser")
        url = started.raise_for_status().json()["logout_url"]
        forged = await browser.get(url.partition("?")[0], params={"token": "ory_lo_guessed"})
        assert forged.status_code == 403
        await sessions.whoami(cookie=cookie)
        assert (await browser.get(url)).status_code == 204
        await nobody(sessions.whoami(cookie=cookie))
        assert (await browser.get(f"{kratos.public_url}/self-service/logout/browser")).status_code == 401


@both
async def test_inactive_or_deleted_identity_has_no_session(
    kratos: Kratos, sessions: KratosSessions, email: str
) -> None:
    registered = await kratos.sign_up(email)
    token, url = registered["session_token"], f"{kratos.admin_url}/admin/identities/{registered['identity']['id']}"
    for state in ("inactive", "active"):
        patch = [{"op": "replace", "path": "/state", "value": state}]
        (await kratos.http.patch(url, json=patch)).raise_for_status()
        if state == "inactive":
            await nobody(sessions.whoami(token=token))
        else:
            await sessions.whoami(token=token)
    (await kratos.http.delete(url)).raise_for_status()
    await nobody(sessions.whoami(token=token))


@asynccontextmanager
async def identities_of(url: str) -> AsyncIterator[KratosIdentities]:
    identities = KratosIdentities(url)
    try:
        yield identities
    finally:
        await identities.aclose()


@both
async def test_identity_is_active_until_it_is_deactivated_or_deleted(kratos: Kratos, email: str) -> None:
    identity_id = UUID(await kratos.register(email))
    url = f"{kratos.admin_url}/admin/identities/{identity_id}"
    async with identities_of(kratos.admin_url) as identities:
        for state in ("active", "inactive", "active"):
            patch = [{"op": "replace", "path": "/state", "value": state}]
            (await kratos.http.patch(url, json=patch)).raise_for_status()
            assert await identities.is_active(identity_id) == (state == "active")
        (await kratos.http.delete(url)).raise_for_status()
        assert not await identities.is_active(identity_id)
        assert not await identities.is_active(uuid4())


@both
async def test_answer_of_a_server_without_the_admin_api_means_kratos_is_unavailable(kratos: Kratos, email: str) -> None:
    identity_id = UUID(await kratos.register(email))
    async with identities_of(kratos.public_url) as identities:
        with pytest.raises(KratosUnavailable):
            await identities.is_active(identity_id)


@pytest.mark.parametrize("kratos", ["1.3.1"], indirect=True)
async def test_cookie_of_an_extended_session_is_passed_on(kratos: Kratos, email: str) -> None:
    """Not the stand-in: it does not extend sessions."""
    async with browser_of(kratos, email) as (browser, cookie), sessions_of(kratos, cache_seconds=30) as sessions:
        session = (await browser.get(f"{kratos.public_url}/sessions/whoami")).json()
        prolonged = await kratos.http.patch(f"{kratos.admin_url}/admin/sessions/{session['id']}/extend")
        assert prolonged.status_code in (200, 204)
        [set_cookie] = (await sessions.whoami(cookie=cookie)).set_cookie
        newer = set_cookie.partition(";")[0].removeprefix(f"{COOKIE}=")
        assert newer != cookie
        assert (await sessions.whoami(cookie=cookie)).set_cookie == ()
        assert (await sessions.whoami(cookie=newer)).person == (await sessions.whoami(cookie=cookie)).person


# Kratos without its database, and the end of a session


async def sick_stand_in(kratos: Kratos) -> None:
    (await kratos.http.put(f"{kratos.admin_url}/_sandbox/faults", json={"kind": "sick"})).raise_for_status()


async def test_kratos_stand_in_without_its_database_logs_nobody_out(tmp_path: Path) -> None:
    async with kratos_stand_in(tmp_path, hook_url=NOWHERE, hook_key=KEY) as kratos:
        await nobody_is_logged_out(kratos, lambda: sick_stand_in(kratos))


async def test_real_kratos_without_its_database_logs_nobody_out(
    tmp_path: Path, postgres_server: EmbeddedPostgres
) -> None:
    database = sql.Identifier("kratos_that_is_lost")
    connection = await psycopg.AsyncConnection.connect(postgres_server.admin_url, autocommit=True)
    async with connection:
        await connection.execute(sql.SQL("CREATE DATABASE {}").format(database))

        async def lose() -> None:
            await connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(database))

        dsn = f"{postgres_server.admin_url.rpartition('/')[0]}/kratos_that_is_lost"
        try:
            async with real_kratos(tmp_path, hook_url=NOWHERE, hook_key=KEY, dsn=dsn) as kratos:
                await nobody_is_logged_out(kratos, lose)
        finally:
            await lose()


async def nobody_is_logged_out(kratos: Kratos, lose_database: Callable[[], Awaitable[None]]) -> None:
    registered = await kratos.sign_up("ada@example.org")
    token, identity_id = registered["session_token"], UUID(registered["identity"]["id"])
    async with (
        sessions_of(kratos) as asking,
        sessions_of(kratos, cache_seconds=30) as remembering,
        identities_of(kratos.admin_url) as identities,
    ):
        assert await identities.is_active(identity_id)
        await asking.whoami(token=token)
        await remembering.whoami(token=token)
        await nobody(asking.whoami(token="unknown"))
        await lose_database()
        answer = await kratos.whoami(token)
        assert answer.status_code == 401, "whoami alone cannot be distinguished from a lost session"
        for unsure in (token, "unknown"):
            with pytest.raises(KratosUnavailable):
                await asking.whoami(token=unsure)
        await remembering.whoami(token=token)
        for each in (identity_id, uuid4()):
            with pytest.raises(KratosUnavailable):
                await identities.is_active(each)


async def ended(sessions: KratosSessions, token: str) -> bool:
    try:
        await sessions.whoami(token=token)
    except NoSession:
        return True
    return False


async def test_stand_in_session_expires_on_time(tmp_path: Path) -> None:
    async with kratos_stand_in(tmp_path, hook_url=NOWHERE, hook_key=KEY) as kratos, sessions_of(kratos) as sessions:
        token = (await kratos.sign_up("ada@example.org"))["session_token"]
        assert not await ended(sessions, token)
        with closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as state:
            [document] = state.execute("SELECT document FROM sessions WHERE token = ?", [token]).fetchone()
            session: dict[str, Any] = json.loads(document) | {"expires_at": "2026-01-01T00:00:00Z"}
            state.execute("UPDATE sessions SET document = ? WHERE token = ?", [json.dumps(session), token])
        assert await ended(sessions, token)


# Sessions that a person ends from another browser


@asynccontextmanager
async def three_browsers(kratos: Kratos, email: str) -> AsyncIterator[list[Browser]]:
    """One in which the person signed up, and two in which they signed in."""
    async with browser_at(kratos) as laptop, browser_at(kratos) as phone, browser_at(kratos) as library:
        await laptop.sign_up(email)
        for each in (phone, library):
            (await each.log_in(email)).raise_for_status()
        yield [laptop, phone, library]


async def session_id(browser: Browser) -> str:
    return (await browser.whoami()).raise_for_status().json()["id"]


@both
async def test_a_person_sees_the_other_sessions_newest_first_and_ends_one(kratos: Kratos, email: str) -> None:
    url = f"{kratos.public_url}/sessions"
    async with three_browsers(kratos, email) as [laptop, phone, library]:
        ids = [await session_id(each) for each in (library, phone)]
        found = (await laptop.http.get(url)).raise_for_status().json()
        assert [each["id"] for each in found] == ids
        assert {each["identity"]["traits"]["email"] for each in found} == {email}
        for each in found:
            assert each["active"]
            assert each["authenticated_at"]
            (device,) = each["devices"]
            assert {"ip_address", "user_agent"} <= device.keys()
        assert (await laptop.http.delete(f"{url}/{ids[0]}")).status_code == 204
        assert [each["id"] for each in (await laptop.http.get(url)).json()] == ids[1:]
        assert [(await each.whoami()).status_code for each in (laptop, phone, library)] == [200, 200, 401]
        again = await laptop.http.delete(f"{url}/{ids[0]}")
        assert again.status_code == 204, "one that has ended may be ended again"


@both
async def test_a_person_ends_all_other_sessions(kratos: Kratos, email: str) -> None:
    url = f"{kratos.public_url}/sessions"
    async with three_browsers(kratos, email) as [laptop, phone, library]:
        ended = await laptop.http.delete(url)
        assert (ended.status_code, ended.json()) == (200, {"count": 2})
        assert (await laptop.http.get(url)).json() == []
        assert [(await each.whoami()).status_code for each in (laptop, phone, library)] == [200, 401, 401]


@both
async def test_nobody_ends_the_session_of_another_person_or_the_own_one(kratos: Kratos, email: str) -> None:
    url = f"{kratos.public_url}/sessions"
    async with browser_at(kratos) as ada, browser_at(kratos) as eve, browser_at(kratos) as nobody_at_all:
        await ada.sign_up(email)
        await eve.sign_up(f"eve.{email}")
        assert (await eve.http.delete(f"{url}/{await session_id(ada)}")).status_code == 204
        assert (await eve.http.get(url)).json() == []
        assert (await ada.whoami()).status_code == 200
        own = await ada.http.delete(f"{url}/{await session_id(ada)}")
        assert (own.status_code, own.json()["error"]["message"]) == (400, "cannot revoke current session")
        assert (await ada.http.delete(f"{url}/none")).status_code == 400
        for method, path in (("GET", ""), ("DELETE", ""), ("DELETE", f"/{await session_id(ada)}")):
            refused = await nobody_at_all.http.request(method, url + path)
            assert (refused.status_code, refused.json()["error"]["reason"]) == (401, "No valid session cookie found.")


@both
async def test_kratos_shows_and_ends_sessions_before_the_second_factor_so_postroom_must_not(
    kratos: Kratos, email: str
) -> None:
    async with browser_at(kratos) as laptop, browser_at(kratos) as thief:
        await laptop.sign_up(email)
        flow = await laptop.flow("settings")
        (await laptop.send(flow, "totp", totp_code=totp(totp_secret(flow)))).raise_for_status()
        await thief.log_in(email)
        assert (await thief.whoami()).status_code == 403
        url = f"{kratos.public_url}/sessions"
        assert len((await thief.http.get(url)).json()) == 1
        assert (await thief.http.delete(url)).status_code == 200
        assert (await laptop.whoami()).status_code == 401
