"""Texts of a flow are texts: a schema, a hook or a name may hold anything. Nothing of it runs, loads, or leads away."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, Route, expect

from account_pages import Site
from account_person import START, AccountPerson, person_at

SHOT = "<img src=https://evil.test/p onerror=hit()><script>hit()</script><svg onload=hit()>"
BIDI = "\u202egnp.exe"


@pytest.fixture
async def person(site: Site, browser: Browser) -> AsyncIterator[AccountPerson]:
    async with person_at(site, browser) as person:
        await person.page.add_init_script("window.hits = 0; window.hit = () => { window.hits++ }")
        yield person
        assert await person.page.evaluate("window.hits") == 0
        assert [url for url in person.requested if not url.startswith(site.origin)] == []


def message(number: int, kind: str = "error") -> dict[str, Any]:
    return {"id": number, "text": SHOT + BIDI, "type": kind, "context": {"reason": SHOT, "provider": SHOT}}


def node(kind: str, group: str, **attributes: Any) -> dict[str, Any]:
    label = {"label": message(9999999, "info")}
    return {"type": kind, "group": group, "attributes": attributes, "messages": [message(9999998)], "meta": label}


HOSTILE = [
    node("input", "default", name="traits.any", type="text", value=SHOT),
    node("input", "password", name="method", type="submit", value=SHOT),
    node("input", "oidc", name="provider", type="submit", value=SHOT),
    node("input", "passkey", name="passkey_login_trigger", type="button", onclick="hit()", onload="hit()"),
    node("input", SHOT, name="any", type="submit", value="any"),
    node("img", "totp", id="totp_qr", src="https://evil.test/p.png"),
    node(
        "img", "totp", id="totp_qr", src="data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='hit()'/>"
    ),
    node("text", "totp", id="totp_secret_key", text=message(9999997, "info")),
    node("a", "code", id="continue", href="javascript:hit()", title=message(9999996)),
    node("script", "webauthn", src="https://evil.test/s.js", type="text/javascript", id="s"),
    node("div", "default", id="d", **{"class": "x", "data": {"x": SHOT}}),
]


@pytest.mark.parametrize("kind", ["login", "registration"])
async def test_whatever_a_flow_says_is_shown_as_text(person: AccountPerson, kind: str) -> None:
    async def poisoned(route: Route) -> None:
        answer = await route.fetch()
        flow = await answer.json()
        flow["ui"]["nodes"] = [*HOSTILE, *flow["ui"]["nodes"]]
        flow["ui"]["messages"] = [message(9999995), message(1010016, "info"), message(4000001)]
        flow["ui"]["action"] = "https://evil.test/take"
        await route.fulfill(response=answer, body=json.dumps(flow))

    await person.page.route(f"**/self-service/{kind}/browser*", poisoned)
    await person.open("/sign-in" if kind == "login" else "/sign-up")
    await expect(person.page.get_by_text("<script>hit()</script>").first).to_be_visible()
    assert await person.page.locator("section img[src^=http], section script, iframe").count() == 0
    assert await person.page.locator("[href^=javascript], [onclick], [onload], [onerror]").count() == 0
    await person.page.locator("form").first.get_by_role("button").last.click()
    await person.page.wait_for_timeout(100)


async def test_a_form_that_names_another_host_is_sent_to_ours(person: AccountPerson) -> None:
    await person.site.kratos.register(person.email)

    async def misled(route: Route) -> None:
        answer = await route.fetch()
        flow = await answer.json()
        flow["ui"]["action"] = "https://evil.test/take"
        await route.fulfill(response=answer, body=json.dumps(flow))

    await person.page.route("**/self-service/login/browser*", misled)
    await person.sign_in()
    await person.is_at(START)


@pytest.mark.parametrize(
    "there", ["javascript:hit()", "data:text/html,<script>hit()</script>", "blob:x", "", "http://["]
)
async def test_a_location_that_is_no_web_page_is_not_followed(person: AccountPerson, there: str) -> None:
    error = {"error": {"id": "browser_location_change_required", "code": 422}, "redirect_browser_to": there}
    await person.page.route("**/self-service/login?*", lambda route: route.fulfill(status=422, json=error))
    await person.sign_in()
    await person.page.wait_for_timeout(200)
    assert person.page.url.startswith(person.site.origin)


async def test_the_error_page_shows_text(person: AccountPerson) -> None:
    body = {"id": "x", "error": {"code": 500, "reason": SHOT, "message": SHOT}}
    await person.page.route("**/self-service/errors?*", lambda route: route.fulfill(json=body))
    await person.open("/error?id=<b>x</b>")
    await person.page.get_by_text("Details").click()
    await person.sees("<script>hit()</script>")
    await person.sees("<b>x</b>")
