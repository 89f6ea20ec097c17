"""Signing in and up with a password or a mailed code, on the real Kratos 1.3.1. What a page shows of each of its
responses is tested without a browser (web/src/lib/views/sign-in)."""

import json
import re

from playwright.async_api import Route, expect

from account_person import START, AccountPerson
from eventually import eventually
from kratos_browser import another, code_for, mailed
from kratos_servers import PASSWORD


async def test_sign_up_and_in_by_password(person: AccountPerson) -> None:
    await person.open("/sign-up")
    await person.press("Sign up", address=person.email, password="short")
    await person.sees("Too short: at least 8 characters.")
    await expect(person.field("Password")).to_be_focused()
    await person.press("Sign up", password=PASSWORD)
    await person.is_at(START)
    assert (await person.whoami())["identity"]["traits"]["email"] == person.email
    await person.sign_out()
    assert await person.whoami() is None
    # The page of ours that asked for it comes afterwards.
    await person.open("/settings")
    await person.is_at("/sign-in")
    await person.fill(address=person.email, password="wrong")
    await person.page.keyboard.press("Enter")
    await expect(person.page.get_by_role("alert")).to_have_text("The address or the password is wrong.")
    await person.fill(password=PASSWORD)
    await person.page.keyboard.press("Enter")
    await person.is_at("/settings")
    assert (await person.whoami())["authentication_methods"][0]["method"] == "password"
    for path in ("/sign-in", "/sign-up"):
        await person.open(path)
        await person.is_at(START)


async def test_sign_up_and_in_by_a_mailed_code(person: AccountPerson) -> None:
    kratos = person.site.kratos
    await person.open("/sign-up")
    await person.press("Sign up with a code", address=person.email)
    await expect(person.field("Code")).to_be_visible()
    await person.press("Continue", code=await code_for(kratos, person.email))
    await person.is_at(START)
    await person.sign_out()
    await person.fill(address=person.email)
    # The other language keeps what was typed.
    await person.press("Deutsch")
    await expect(person.page.get_by_role("heading", level=1)).to_have_text("Anmelden")
    await expect(person.page.locator("html")).to_have_attribute("lang", "de")
    await expect(person.field("Adresse")).to_have_value(person.email)
    await person.press("English")
    await person.press("Send me a code")
    await person.sees(f"A code is on its way to {person.email}.")
    former = await code_for(kratos, person.email)
    await person.fill(code=another(former))
    await person.page.keyboard.press("Enter")
    await person.sees("This code is wrong, or was used before.")
    # A phone drops the page while its person reads the message.
    await person.page.reload()
    await person.press("Send a new code")

    async def is_newer() -> bool:
        return await code_for(kratos, person.email) != former

    await eventually(is_newer, "a new code")
    await person.press("Continue", code=await code_for(kratos, person.email))
    await person.is_at(START)


async def test_recovery_by_code_leads_to_a_new_password(person: AccountPerson) -> None:
    await person.site.kratos.register(person.email)
    await person.open("/sign-in")
    await person.page.get_by_role("link", name="Forgot password?").click()
    await person.is_at("/recovery")
    await person.press("Send me a code", address=person.email)
    await expect(person.field("Code")).to_be_visible()
    await person.press("Continue", code="000000")
    await person.sees("This code is wrong, or was used before.")
    await person.press("Continue", code=await code_for(person.site.kratos, person.email))
    await person.is_at("/settings")
    await person.sees("You are signed in. Choose a new password now.")
    await person.press("Change password", new_password=f"{PASSWORD} anew")
    await person.sees("Saved.")
    await person.sign_out()
    await person.sign_in(password=f"{PASSWORD} anew")
    await person.is_at(START)


async def test_the_link_in_the_mail_fills_the_code_in(person: AccountPerson) -> None:
    await person.site.kratos.register(person.email)
    (mail,) = await mailed(person.site.kratos, person.email)
    link = re.search(r"http://\S+", mail["body"])
    assert link
    await person.page.goto(link.group())
    await person.is_at("/verification")
    await expect(person.field("Code")).to_have_value(re.compile(r"\d{6}"))
    await person.press("Continue")
    await person.sees("Your address is confirmed.")


def requests_elsewhere(person: AccountPerson) -> list[str]:
    return [url for url in person.requested if not url.startswith(person.site.origin)]


async def test_nobody_is_sent_to_another_site(person: AccountPerson) -> None:
    """The unit tests have more addresses."""
    await person.site.kratos.register(person.email)
    await person.sign_in("/sign-in?return_to=https://evil.test/")
    await person.is_at(START)
    # The link that is opened by somebody who is signed in already.
    await person.open("/sign-in?return_to=https://evil.test/")
    await person.is_at(START)
    assert requests_elsewhere(person) == []


async def test_no_text_of_a_flow_runs_and_none_of_its_addresses_is_called(person: AccountPerson) -> None:
    """The unit tests have every place in which a text may stand."""
    shot = "<img src=https://evil.test/p onerror=hit()><script>hit()</script><svg onload=hit()>"
    text = {"id": 9999999, "text": shot, "type": "error"}
    script = {"src": "https://evil.test/s.js", "type": "text/javascript", "id": "s"}
    hostile = [
        {"type": "script", "group": "webauthn", "attributes": script},
        {"type": "img", "group": "totp", "attributes": {"id": "totp_qr", "src": "https://evil.test/p.png"}},
        {"type": "a", "group": "profile", "attributes": {"id": "x", "href": "javascript:hit()", "title": text}},
    ]

    async def poisoned(route: Route) -> None:
        answer = await route.fetch()
        flow = await answer.json()
        flow["ui"] |= {"messages": [text], "action": "https://evil.test/take"}
        flow["ui"]["nodes"] = [*flow["ui"]["nodes"], *hostile]
        await route.fulfill(response=answer, body=json.dumps(flow))

    await person.page.add_init_script("window.hits = 0; window.hit = () => { window.hits++ }")
    await person.site.kratos.register(person.email)
    await person.page.route("**/self-service/login/browser*", poisoned)
    await person.open("/sign-in")
    await person.sees("<script>hit()</script>")
    await person.press("Sign in", address=person.email, password=PASSWORD)
    await person.is_at(START)
    assert await person.page.evaluate("window.hits") == 0
    assert requests_elsewhere(person) == []
