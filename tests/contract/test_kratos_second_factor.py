"""A person's settings and the second factor, in the forms of a browser, on the stand-in and on the real Kratos."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from kratos_browser import (
    COOKIE,
    Browser,
    browser_at,
    code_for,
    mailed,
    new_address,
    nodes,
    problems,
    said,
    totp,
    totp_secret,
    value_of,
)
from kratos_servers import (
    PASSWORD,
    Kratos,
    dsn_of,
    kratos_itself,
    kratos_stand_in,
    make_logins_old,
    ours_at_kratos,
    real_kratos,
)
from postroom.errors import SecondFactorDue
from postroom.kratos.sessions import KratosSessions
from postroom.process.clock import SystemClock
from postroom_sandbox.loopback import LOOPBACK

POSTROOM = f"http://{LOOPBACK}:9"


@pytest.fixture
async def browser(browser: Browser) -> Browser:
    """A browser in which a person has just signed up."""
    await browser.sign_up(new_address())
    return browser


async def address_of(browser: Browser) -> str:
    return (await browser.whoami()).json()["identity"]["traits"]["email"]


async def set_up_totp(browser: Browser) -> str:
    """Set up an authenticator app; return its secret."""
    flow = await browser.flow("settings")
    secret = totp_secret(flow)
    (await browser.send(flow, "totp", totp_code=totp(secret))).raise_for_status()
    return secret


SETTINGS = [
    "default csrf_token hidden",
    "profile traits.email email 1070002",
    "profile traits.name text 1070002",
    "profile method submit 1070003",
    "password password password 1070001",
    "password method submit 1070003",
]
LINK_TOTP = [
    "totp totp_qr img 1050005",
    "totp totp_secret_key text 1050017",
    "totp totp_code text 1070006",
    "totp method submit 1070003",
]
UNLINK_TOTP = ["totp totp_unlink submit 1050004"]
AAL2 = [
    "default csrf_token hidden",
    "totp totp_code text 1010006",
    "totp method submit 1010009",
]


# Settings


@kratos_itself
async def test_a_person_changes_the_name_and_the_password(kratos: Kratos, browser: Browser) -> None:
    email = await address_of(browser)
    flow = await browser.flow("settings", return_to=f"{POSTROOM}/settings")
    assert (flow["state"], nodes(flow), said(flow)) == ("show_form", SETTINGS + LINK_TOTP, [])
    assert value_of(flow, "traits.email") == email
    saved = await browser.send(flow, "profile", traits={"email": email, "name": "Ada"})
    assert (saved.status_code, saved.json()["state"], said(saved.json())) == (200, "success", [1050001])
    assert value_of(saved.json(), "traits.name") == "Ada"
    then = {"action": "redirect_browser_to", "redirect_browser_to": f"{POSTROOM}/settings"}
    assert saved.json()["continue_with"] == [then]
    flow = await browser.flow("settings")
    short = await browser.send(flow, "password", password="short")
    assert (short.status_code, problems(short.json())) == (400, {"password": [4000032]})
    none = await browser.send(flow, "password", password="")
    assert (none.status_code, problems(none.json())) == (400, {"password": [4000002]})
    assert (await browser.send(flow, "password", password="another long phrase")).status_code == 200
    async with browser_at(kratos) as elsewhere:
        assert (await elsewhere.log_in(email)).status_code == 400
        assert (await elsewhere.log_in(email, "another long phrase")).status_code == 200


@kratos_itself
async def test_new_address_must_be_verified_and_a_taken_one_is_rejected(kratos: Kratos, browser: Browser) -> None:
    taken, new = new_address(), new_address()
    await kratos.register(taken)
    flow = await browser.flow("settings")
    for wrong, where, ids in (("x", "traits.email", [4000001, 4000003]), (taken, None, [4000007])):
        refused = await browser.send(flow, "profile", traits={"email": wrong})
        reported = problems(refused.json())[where] if where else said(refused.json())
        assert (refused.status_code, reported, value_of(refused.json(), "traits.email")) == (400, ids, wrong)
    moved = (await browser.send(flow, "profile", traits={"email": new})).raise_for_status().json()
    assert [each["action"] for each in moved["continue_with"]] == ["show_verification_ui", "redirect_browser_to"]
    verification = (await browser.flow_of("verification", moved["continue_with"][0]["flow"]["id"])).json()
    assert said((await browser.send(verification, "code", code=await code_for(kratos, new))).json()) == [1080002]
    (mail,) = await mailed(kratos, new)
    assert mail["template_type"] == "verification_code_valid"
    identity = (await browser.whoami()).json()["identity"]
    assert [(each["value"], each["verified"]) for each in identity["verifiable_addresses"]] == [(new, True)]


@kratos_itself
async def test_settings_flow_needs_the_session_that_started_it(kratos: Kratos, browser: Browser) -> None:
    flow = await browser.flow("settings")
    nothing = await browser.send(flow, "")
    assert (nothing.status_code, said(nothing.json())) == (400, [4010004])
    async with browser_at(kratos) as stranger, browser_at(kratos) as other:
        refused = await stranger.start("settings")
        assert (refused.status_code, refused.json()["error"]["id"]) == (401, "session_inactive")
        page = await stranger.http.get(refused.request.url, headers={"Accept": "text/html"})
        assert (page.status_code, urlsplit(page.headers["location"]).path) == (303, "/self-service/login/browser")
        assert (await stranger.flow_of("settings", flow["id"])).status_code == 401
        assert (await stranger.send(flow, "password", password=PASSWORD)).status_code == 401
        await other.sign_up(new_address())
        for attempt in (await other.flow_of("settings", flow["id"]), await other.send(flow, "password", password="x")):
            assert (attempt.status_code, attempt.json()["error"]["id"]) == (403, "security_identity_mismatch")


@pytest.fixture(params=[pytest.param("stand-in", marks=pytest.mark.stand_in), "1.3.1"])
async def old_login(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Browser]:
    """A browser in which a person signed up long ago."""
    hook_url, hook_key = f"{POSTROOM}/internal/mail/provision", "key of the hook"
    database = tmp_path / "kratos.sqlite"
    if request.param == "stand-in":
        server = kratos_stand_in(tmp_path, hook_url=hook_url, hook_key=hook_key)
    else:
        server = real_kratos(tmp_path, hook_url=hook_url, hook_key=hook_key, dsn=dsn_of(database))
    async with server as kratos, browser_at(kratos) as browser:
        await browser.sign_up(new_address())
        if request.param == "stand-in":
            (await kratos.http.put(f"{kratos.admin_url}/_sandbox/old-logins")).raise_for_status()
        else:
            make_logins_old(database)
        yield browser


async def test_old_login_cannot_change_the_password_until_the_person_logs_in_again(old_login: Browser) -> None:
    """The fresh login completes the change that required it."""
    browser, email = old_login, await address_of(old_login)
    flow = await browser.flow("settings")
    named = await browser.send(flow, "profile", traits={"email": email, "name": "Ada"})
    assert named.status_code == 200, "a name cannot be used to log in"
    flow = await browser.flow("settings")
    code = totp(totp_secret(flow))
    ways: list[tuple[str, dict[str, Any]]] = [
        ("totp", {"totp_code": code}),
        ("profile", {"traits": {"email": new_address()}}),
        ("password", {"password": "another long phrase"}),
    ]
    for method, values in ways:
        refused = await browser.send(flow, method, **values)
        assert (refused.status_code, refused.json()["error"]["id"]) == (403, "session_refresh_required"), method
        there = urlsplit(refused.json()["redirect_browser_to"])
        assert there.path == "/self-service/login/browser"
        query = parse_qs(there.query)
        assert (query["refresh"], query["return_to"]) == (["true"], [flow["ui"]["action"]])

    refused = await browser.send(flow, "password", password="another long phrase")
    login = (await browser.http.get(refused.json()["redirect_browser_to"])).json()
    entered = await browser.send(login, "password", identifier=email, password=PASSWORD)
    (then,) = entered.json()["continue_with"]
    assert then["redirect_browser_to"] == flow["ui"]["action"]
    there = await browser.http.get(then["redirect_browser_to"], headers={"Accept": "text/html"})
    assert (there.status_code, urlsplit(there.headers["location"]).path) == (303, "/settings")
    done = (await browser.flow_of("settings", flow["id"])).json()
    assert (done["state"], said(done)) == ("success", [1050001])
    async with browser_at(browser.kratos) as elsewhere:
        assert (await elsewhere.log_in(email, "another long phrase")).status_code == 200


# The second factor


@kratos_itself
async def test_authenticator_app_is_set_up_with_a_totp_code(browser: Browser) -> None:
    before = (await browser.whoami()).json()
    flow = await browser.flow("settings")
    secret = totp_secret(flow)
    for code, number in (("", 4000002), ("000000" if totp(secret) != "000000" else "111111", 4000008)):
        refused = await browser.send(flow, "totp", totp_code=code)
        assert (refused.status_code, problems(refused.json())) == (400, {"totp_code": [number]})
        assert totp_secret(refused.json()) == secret
    saved = await browser.send(flow, "totp", totp_code=totp(secret))
    assert (saved.status_code, said(saved.json())) == (200, [1050001])
    assert nodes(saved.json()) == SETTINGS + UNLINK_TOTP
    after = (await browser.whoami()).json()
    assert after["authenticator_assurance_level"] == "aal2"
    assert after["authenticated_at"] == before["authenticated_at"], "setting up the second factor is not a login"


@kratos_itself
async def test_person_with_an_authenticator_app_must_use_it(kratos: Kratos, browser: Browser) -> None:
    email, secret = await address_of(browser), await set_up_totp(browser)
    link = f"{kratos.public_url}/self-service/login/browser?aal=aal2"
    async with browser_at(kratos) as elsewhere:
        entered = await elsewhere.log_in(email, return_to=f"{POSTROOM}/mail")
        assert (entered.status_code, entered.json()["error"]["id"]) == (422, "browser_location_change_required")
        there = entered.json()["redirect_browser_to"]
        assert there == f"{link}&return_to=http%3A%2F%2F127.0.0.1%3A9%2Fmail"
        for refused in (await elsewhere.whoami(), await elsewhere.start("settings")):
            assert (refused.status_code, refused.json()["error"]["id"]) == (403, "session_aal2_required")
            assert refused.json()["redirect_browser_to"] == link
        flow = (await elsewhere.http.get(there)).json()
        assert (flow["requested_aal"], flow["refresh"], said(flow), nodes(flow)) == ("aal2", False, [1010004], AAL2)
        empty = await elsewhere.send(flow, "totp", totp_code="")
        assert (empty.status_code, problems(empty.json())) == (400, {"totp_code": [4000002]})
        wrong = await elsewhere.send(flow, "totp", totp_code="000000" if totp(secret) != "000000" else "111111")
        assert (wrong.status_code, said(wrong.json()), nodes(wrong.json())) == (400, [4000008], AAL2)
        right = await elsewhere.send(flow, "totp", totp_code=totp(secret))
        assert right.status_code == 200
        then = {"action": "redirect_browser_to", "redirect_browser_to": f"{POSTROOM}/mail"}
        assert right.json()["continue_with"] == [then]
        session = (await elsewhere.whoami()).json()
        proved = [(each["method"], each["aal"]) for each in session["authentication_methods"]]
        assert (session["authenticator_assurance_level"], proved) == ("aal2", [("password", "aal1"), ("totp", "aal2")])
        assert session["authenticated_at"] == right.json()["session"]["authenticated_at"], (
            "the second factor counts as a login"
        )


@kratos_itself
async def test_aal2_session_is_refreshed_by_one_factor_and_stays_aal2(browser: Browser) -> None:
    email, secret = await address_of(browser), await set_up_totp(browser)
    for aal, wanted in (("aal1", "password method submit 1010001"), ("aal2", AAL2[-1])):
        before = (await browser.whoami()).json()
        flow = await browser.flow("login", refresh="true", aal=aal)
        assert (said(flow), flow["refresh"], nodes(flow)[-1]) == ([1010003], True, wanted)
        given = {"identifier": email, "password": PASSWORD} if aal == "aal1" else {"totp_code": totp(secret)}
        answer = await browser.send(flow, "password" if aal == "aal1" else "totp", **given)
        after = (await browser.whoami()).json()
        assert (answer.status_code, after["id"]) == (200, before["id"])
        assert (after["authenticator_assurance_level"], after["authenticated_at"] > before["authenticated_at"]) == (
            "aal2",
            True,
        )


@kratos_itself
async def test_second_factor_needs_a_session_and_is_requested_only_once(kratos: Kratos, browser: Browser) -> None:
    async with browser_at(kratos) as stranger:
        refused = await stranger.start("login", aal="aal2")
        assert (refused.status_code, refused.json()["error"]["id"]) == (401, "session_aal1_required")
        wrong = await stranger.send(await stranger.flow("login"), "totp", totp_code="000000")
        assert (wrong.status_code, said(wrong.json())) == (400, [4010002])
    await set_up_totp(browser)
    refused = await browser.start("login", aal="aal2")
    assert (refused.status_code, refused.json()["error"]["id"]) == (400, "session_already_available")


@kratos_itself
async def test_one_factor_is_enough_after_the_authenticator_app_is_removed(kratos: Kratos, browser: Browser) -> None:
    email = await address_of(browser)
    await set_up_totp(browser)
    flow = await browser.flow("settings")
    assert nodes(flow) == SETTINGS + UNLINK_TOTP
    unlinked = await browser.send(flow, "totp", totp_unlink=True)
    assert (unlinked.status_code, nodes(unlinked.json())) == (200, SETTINGS + LINK_TOTP)
    async with browser_at(kratos) as elsewhere:
        assert (await elsewhere.log_in(email)).status_code == 200
        assert (await elsewhere.whoami()).status_code == 200


@kratos_itself
async def test_a_recovery_does_not_replace_the_second_factor(kratos: Kratos, browser: Browser) -> None:
    email = await address_of(browser)
    await set_up_totp(browser)
    async with browser_at(kratos) as elsewhere:
        flow = (await elsewhere.send(await elsewhere.flow("recovery"), "code", email=email)).json()
        assert (await elsewhere.send(flow, "code", code=await code_for(kratos, email))).status_code == 422
        for refused in (await elsewhere.whoami(), await elsewhere.start("settings")):
            assert (refused.status_code, refused.json()["error"]["id"]) == (403, "session_aal2_required")


@ours_at_kratos
async def test_postroom_learns_the_url_of_the_second_factor(kratos: Kratos, browser: Browser) -> None:
    email = await address_of(browser)
    await set_up_totp(browser)
    async with browser_at(kratos) as elsewhere:
        await elsewhere.log_in(email)
        answer = await elsewhere.whoami()
        link = f"{kratos.public_url}/self-service/login/browser?aal=aal2"
        error = {
            "id": "session_aal2_required",
            "code": 403,
            "status": "Forbidden",
            "reason": "An active session was found but it does not fulfill the requested Authenticator Assurance Level."
            " Please verify yourself with a second factor to resolve this issue.",
            "details": {"redirect_browser_to": link},
            "message": "Session does not fulfill the requested Authenticator Assurance Level",
        }
        assert (answer.status_code, answer.json()) == (403, {"error": error, "redirect_browser_to": link})
        sessions = KratosSessions(kratos.public_url, SystemClock(), cookie_name=COOKIE)
        for refresh in (False, True):
            with pytest.raises(SecondFactorDue) as caught:
                await sessions.whoami(cookie=elsewhere.http.cookies[COOKIE], refresh=refresh)
            assert caught.value.redirect_to == link
        await sessions.aclose()


@kratos_itself
async def test_program_gives_the_second_factor_in_an_aal2_api_flow(kratos: Kratos, browser: Browser) -> None:
    email, secret = await address_of(browser), await set_up_totp(browser)
    entered = (await kratos.submit(await kratos.flow("login"), identifier=email, password=PASSWORD)).json()
    token = entered["session_token"]
    assert entered["session"]["identity"] is None, "the identity is returned only after the second factor"
    assert (await kratos.whoami(token)).status_code == 403
    url, headers = f"{kratos.public_url}/self-service/login/api", {"X-Session-Token": token}
    flow = (await kratos.http.get(url, params={"aal": "aal2"}, headers=headers)).json()
    form = {"method": "totp", "totp_code": totp(secret)}
    done = await kratos.http.post(flow["ui"]["action"], json=form, headers=headers)
    assert (done.status_code, done.json()["session_token"]) == (200, token)
    assert (await kratos.whoami(token)).json()["authenticator_assurance_level"] == "aal2"
