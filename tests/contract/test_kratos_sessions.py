"""Sessions and fresh logins, on the stand-in and on the real Kratos."""

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql

from kratos_browser import COOKIE, Browser, browser_at, new_address, said, totp, totp_secret
from kratos_servers import PASSWORD, Kratos, kratos_itself, kratos_stand_in, ours_at_kratos, real_kratos
from postroom.domain.person import ALL_SCOPES
from postroom.errors import FreshLoginRequired, KratosUnavailable, NoSession
from postroom.kratos.identities import KratosIdentities
from postroom.kratos.sessions import KratosSessions
from postroom.people.fresh_login import FRESH_FOR, require_fresh_login
from postroom.process.clock import SystemClock
from postroom_sandbox.embedded_postgres import EmbeddedPostgres
from postroom_sandbox.kratos.store import FILE_NAME
from postroom_sandbox.loopback import LOOPBACK

POSTROOM = f"http://{LOOPBACK}:9"
NOWHERE = f"{POSTROOM}/internal/mail/provision"
KEY = "key of the hook"


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


@asynccontextmanager
async def identities_of(url: str) -> AsyncIterator[KratosIdentities]:
    identities = KratosIdentities(url)
    try:
        yield identities
    finally:
        await identities.aclose()


@pytest.fixture
def email() -> str:
    return new_address()


async def nobody(asking: Awaitable[object]) -> None:
    with pytest.raises(NoSession):
        await asking


@ours_at_kratos
async def test_session_token_and_cookie_each_identify_the_person(
    kratos: Kratos, sessions: KratosSessions, browser: Browser, email: str
) -> None:
    registered = await kratos.sign_up(email)
    by_token = (await sessions.whoami(token=registered["session_token"])).person
    assert (str(by_token.identity_id), by_token.scopes) == (registered["identity"]["id"], ALL_SCOPES)
    assert by_token.expires_at
    assert abs(by_token.expires_at - datetime.now(UTC) - timedelta(hours=24)) < timedelta(minutes=1)

    await browser.sign_up(f"browser.{email}")
    session = (await browser.whoami()).json()
    visitor = await sessions.whoami(cookie=browser.http.cookies[COOKIE])
    assert (visitor.person.identity_id, visitor.set_cookie) == (UUID(session["identity"]["id"]), ())


@ours_at_kratos
@pytest.mark.parametrize("value", ["ory_st_unknown", "MTc5NTU2MzcwMHxEdi1CQkFFQ180SUFBUkFCRUFBQQ==", "%00", "null"])
async def test_credential_unknown_to_kratos_gives_no_session(
    kratos: Kratos, sessions: KratosSessions, value: str
) -> None:
    await nobody(sessions.whoami(token=value))
    await nobody(sessions.whoami(cookie=value))


@ours_at_kratos
async def test_kratos_accepts_no_cookie_as_a_token_and_no_token_as_a_cookie(
    kratos: Kratos, sessions: KratosSessions, browser: Browser, email: str
) -> None:
    token = (await kratos.sign_up(email))["session_token"]
    await browser.sign_up(f"browser.{email}")
    cookie = browser.http.cookies[COOKIE]
    await sessions.whoami(token=token)
    await sessions.whoami(cookie=cookie)
    await nobody(sessions.whoami(token=cookie))
    await nobody(sessions.whoami(cookie=token))
    bearer = {"Authorization": f"Bearer {cookie}"}
    assert (await kratos.http.get(f"{kratos.public_url}/sessions/whoami", headers=bearer)).status_code == 401


@kratos_itself
async def test_logout_by_token_ends_the_session(kratos: Kratos, email: str) -> None:
    token = (await kratos.sign_up(email))["session_token"]
    for given, status in ((token, 204), (token, 204), ("ory_st_unknown", 403)):
        url = f"{kratos.public_url}/self-service/logout/api"
        answer = await kratos.http.request("DELETE", url, json={"session_token": given})
        assert answer.status_code == status
        assert (await kratos.whoami(token)).status_code == 401


@kratos_itself
async def test_a_browser_logs_out_by_the_url_that_only_it_gets(browser: Browser, email: str) -> None:
    await browser.sign_up(email)
    url = (await browser.start("logout")).raise_for_status().json()["logout_url"]
    forged = await browser.http.get(url.partition("?")[0], params={"token": "ory_lo_guessed"})
    assert (forged.status_code, (await browser.whoami()).status_code) == (403, 200)
    assert ((await browser.http.get(url)).status_code, (await browser.whoami()).status_code) == (204, 401)
    assert (await browser.start("logout")).status_code == 401


@ours_at_kratos
async def test_inactive_or_deleted_identity_has_no_session(
    kratos: Kratos, sessions: KratosSessions, email: str
) -> None:
    registered = await kratos.sign_up(email)
    token, identity_id = registered["session_token"], UUID(registered["identity"]["id"])
    url = f"{kratos.admin_url}/admin/identities/{identity_id}"
    async with identities_of(kratos.admin_url) as identities:
        for state in ("active", "inactive", "active"):
            patch = [{"op": "replace", "path": "/state", "value": state}]
            (await kratos.http.patch(url, json=patch)).raise_for_status()
            assert await identities.is_active(identity_id) == (state == "active")
            assert (await kratos.whoami(token)).status_code == {"active": 200, "inactive": 401}[state]
        (await kratos.http.delete(url)).raise_for_status()
        await nobody(sessions.whoami(token=token))
        for gone in (identity_id, uuid4()):
            assert not await identities.is_active(gone)


@ours_at_kratos
async def test_answer_of_a_server_without_the_admin_api_means_kratos_is_unavailable(kratos: Kratos, email: str) -> None:
    identity_id = UUID(await kratos.register(email))
    async with identities_of(kratos.public_url) as identities:
        with pytest.raises(KratosUnavailable):
            await identities.is_active(identity_id)


@pytest.mark.parametrize("kratos", ["1.3.1"], indirect=True)
async def test_cookie_of_an_extended_session_is_passed_on(kratos: Kratos, browser: Browser, email: str) -> None:
    """Not the stand-in: it does not extend sessions."""
    async with sessions_of(kratos, cache_seconds=30) as sessions:
        await browser.sign_up(email)
        cookie = browser.http.cookies[COOKIE]
        url = f"{kratos.admin_url}/admin/sessions/{await session_id(browser)}/extend"
        assert (await kratos.http.patch(url)).status_code in (200, 204)
        [set_cookie] = (await sessions.whoami(cookie=cookie)).set_cookie
        newer = set_cookie.partition(";")[0].removeprefix(f"{COOKIE}=")
        assert newer != cookie
        assert (await sessions.whoami(cookie=newer)).person == (await sessions.whoami(cookie=cookie)).person


# Kratos without its database, and the end of a session


async def test_kratos_stand_in_without_its_database_logs_nobody_out(tmp_path: Path) -> None:
    async with kratos_stand_in(tmp_path, hook_url=NOWHERE, hook_key=KEY) as kratos:

        async def lose() -> None:
            (await kratos.http.put(f"{kratos.admin_url}/_sandbox/faults", json={"kind": "sick"})).raise_for_status()

        await nobody_is_logged_out(kratos, lose)


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
    async with sessions_of(kratos) as sessions, identities_of(kratos.admin_url) as identities:
        assert await identities.is_active(identity_id)
        await sessions.whoami(token=token)
        await nobody(sessions.whoami(token="unknown"))
        await lose_database()
        answer = await kratos.whoami(token)
        assert answer.status_code == 401, "whoami alone cannot be distinguished from a lost session"
        for unsure in (token, "unknown"):
            with pytest.raises(KratosUnavailable):
                await sessions.whoami(token=unsure)
        for each in (identity_id, uuid4()):
            with pytest.raises(KratosUnavailable):
                await identities.is_active(each)


@pytest.mark.stand_in
async def test_stand_in_sessions_and_flows_expire_on_time_and_a_flow_names_its_successor(tmp_path: Path) -> None:
    async with kratos_stand_in(tmp_path, hook_url=NOWHERE, hook_key=KEY) as kratos, browser_at(kratos) as browser:
        await browser.sign_up("ada@example.org")
        assert (await browser.whoami()).status_code == 200
        flow = await browser.flow("login", refresh="true")
        with closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as state:
            past = "SET document = json_set(document, '$.expires_at', '2026-01-01T00:00:00Z')"
            state.execute(f"UPDATE sessions {past}")
            state.execute(f"UPDATE flows {past}")
        assert (await browser.whoami()).status_code == 401
        expired = await browser.send(flow, "password")
        assert (expired.status_code, expired.json()["error"]["id"]) == (410, "self_service_flow_expired")
        assert (await browser.flow_of("login", expired.json()["use_flow_id"])).status_code == 200


# Sessions that a person ends from another browser


async def session_id(browser: Browser) -> str:
    return (await browser.whoami()).raise_for_status().json()["id"]


@kratos_itself
async def test_a_person_sees_the_other_sessions_newest_first_and_ends_one_or_all(kratos: Kratos, email: str) -> None:
    url = f"{kratos.public_url}/sessions"
    async with browser_at(kratos) as laptop, browser_at(kratos) as phone, browser_at(kratos) as library:
        await laptop.sign_up(email)
        for each in (phone, library):
            (await each.log_in(email)).raise_for_status()
        ids = [await session_id(each) for each in (library, phone)]
        found = (await laptop.http.get(url)).raise_for_status().json()
        assert [each["id"] for each in found] == ids
        assert {each["identity"]["traits"]["email"] for each in found} == {email}
        for each in found:
            assert each["active"]
            assert each["authenticated_at"]
            (device,) = each["devices"]
            assert {"ip_address", "user_agent"} <= device.keys()
        for _ in range(2):  # one that has ended may be ended again
            assert (await laptop.http.delete(f"{url}/{ids[0]}")).status_code == 204
            assert [each["id"] for each in (await laptop.http.get(url)).json()] == ids[1:]
            assert [(await each.whoami()).status_code for each in (laptop, phone, library)] == [200, 200, 401]
        (await library.log_in(email)).raise_for_status()
        ended = await laptop.http.delete(url)
        assert (ended.status_code, ended.json()) == (200, {"count": 3}), "with the one that had ended"
        assert (await laptop.http.get(url)).json() == []
        assert [(await each.whoami()).status_code for each in (laptop, phone, library)] == [200, 401, 401]


@kratos_itself
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


@kratos_itself
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


# A fresh login


@ours_at_kratos
async def test_redirect_of_an_old_login_leads_to_a_fresh_one(kratos: Kratos, browser: Browser, email: str) -> None:
    await browser.sign_up(email)
    before = (await browser.whoami()).json()
    late = datetime.fromisoformat(before["authenticated_at"]) + FRESH_FOR
    async with sessions_of(kratos, cache_seconds=600) as sessions:
        visitor = await sessions.whoami(cookie=browser.http.cookies[COOKIE])
        require_fresh_login(visitor, late, return_to=POSTROOM)
        late += timedelta(milliseconds=1)
        with pytest.raises(FreshLoginRequired) as refused:
            require_fresh_login(visitor, late, return_to=POSTROOM)
        address = str(refused.value.redirect_to)
        assert address.partition("?")[0] == f"{kratos.public_url}/self-service/login/browser"
        flow = (await browser.http.get(address)).raise_for_status().json()
        assert (flow["refresh"], flow["return_to"], flow["requested_aal"]) == (True, POSTROOM, "aal1")
        assert said(flow) == [1010003]
        entered = await browser.send(flow, "password", identifier=email, password=PASSWORD)
        then = {"action": "redirect_browser_to", "redirect_browser_to": POSTROOM}
        assert entered.json()["continue_with"] == [then]
        after = (await browser.whoami()).json()
        assert (after["id"], len(after["authentication_methods"])) == (before["id"], 2)
        fresh = await sessions.whoami(cookie=browser.http.cookies[COOKIE], refresh=True)
        require_fresh_login(fresh, late, return_to=POSTROOM)


@kratos_itself
async def test_a_cookie_from_before_a_refresh_remains_valid(kratos: Kratos, browser: Browser, email: str) -> None:
    await browser.sign_up(email)
    before = browser.http.cookies[COOKIE]
    await browser.log_in(email, refresh="true")
    assert browser.http.cookies[COOKIE] != before
    for cookie in (before, browser.http.cookies[COOKIE]):
        headers = {"Cookie": f"{COOKIE}={cookie}"}
        assert (await kratos.http.get(f"{kratos.public_url}/sessions/whoami", headers=headers)).status_code == 200


@kratos_itself
async def test_kratos_rejects_a_return_url_outside_our_pages(kratos: Kratos, browser: Browser) -> None:
    for wanted in ("http://evil.example", "//evil.example/", f"{kratos.public_url}/elsewhere", "/elsewhere"):
        refused = await browser.start("login", return_to=wanted)
        error = refused.json()["error"]
        assert (refused.status_code, error["id"]) == (400, "self_service_flow_return_to_forbidden"), wanted
    there = f"{POSTROOM}/settings?tab=devices"
    assert (await browser.flow("login", return_to=there))["return_to"] == there


@kratos_itself
async def test_login_with_refresh_but_without_a_session_is_an_ordinary_login(browser: Browser) -> None:
    flow = await browser.flow("login", refresh="true")
    assert (flow["refresh"], said(flow)) == (False, [])


@kratos_itself
async def test_registration_form_of_an_earlier_tab_is_accepted(browser: Browser, email: str) -> None:
    earlier = await browser.flow("registration")
    await browser.flow("registration")
    sent = await browser.send(earlier, "password", password=PASSWORD, traits={"email": email})
    assert sent.status_code == 200
