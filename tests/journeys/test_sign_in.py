"""Signing in and up with a password or a mailed code, on the real Kratos 1.3.1, and everything that may go wrong."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import Browser, expect

from account_pages import Site, account_site
from account_person import START, AccountPerson, person_at
from eventually import eventually
from kratos_browser import another, code_for, mailed, new_address
from kratos_servers import PASSWORD
from postroom.kratos.public_api import PATH

# By password


async def test_sign_up_and_in_by_password(person: AccountPerson) -> None:
    await person.sign_up()
    assert (await person.whoami())["identity"]["traits"]["email"] == person.email
    await person.sign_out()
    assert await person.whoami() is None
    await person.sign_in()
    await person.is_at(START)
    assert (await person.whoami())["authentication_methods"][0]["method"] == "password"


async def test_a_refused_sign_up_says_what_is_wrong_at_its_field_and_keeps_what_was_typed(
    person: AccountPerson,
) -> None:
    await person.open("/sign-up")
    await person.fill(address=person.email, name="Alice Brandt", password="short")
    await person.press("Sign up")
    await person.sees("One thing needs another look.")
    await person.sees("Too short: at least 8 characters.")
    password = person.field("Password")
    await expect(password).to_be_focused()
    await expect(password).to_have_attribute("aria-invalid", "true")
    for label, value in (("Address", person.email), ("Name", "Alice Brandt"), ("Password", "short")):
        await expect(person.field(label)).to_have_value(value)


async def test_a_malformed_and_a_taken_address_are_refused_in_words(person: AccountPerson) -> None:
    await person.open("/sign-up")
    await person.fill(address="no address", password=PASSWORD)
    await person.press("Sign up")
    await person.sees("This is not an address yet.")
    await expect(person.field("Address")).to_be_focused()
    await person.site.kratos.register(person.email)
    await person.fill(address=person.email, password=PASSWORD)
    await person.press("Sign up")
    await person.sees("There is an account with this address already.")


async def test_a_wrong_password_tells_nothing_about_the_address(person: AccountPerson) -> None:
    await person.site.kratos.register(person.email)
    for email in (person.email, new_address()):
        await person.open("/sign-in")
        await person.fill(address=email, password="wrong")
        await person.page.keyboard.press("Enter")
        await expect(person.page.get_by_role("alert")).to_have_text("The address or the password is wrong.")
        await expect(person.field("Password")).to_be_focused()


async def test_a_password_can_be_shown(person: AccountPerson) -> None:
    await person.open("/sign-in")
    await person.fill(password="seen")
    show = person.button("Show password")
    await expect(person.field("Password")).to_have_attribute("type", "password")
    await show.click()
    await expect(show).to_have_attribute("aria-pressed", "true")
    await expect(person.field("Password")).to_have_attribute("type", "text")
    await expect(person.field("Password")).to_have_value("seen")


# By code


async def test_a_person_signs_in_by_code_after_a_wrong_one(person: AccountPerson) -> None:
    await person.site.kratos.register(person.email)
    await person.open("/sign-in")
    await person.fill(address=person.email)
    await person.press("Send me a code")
    await person.sees(f"A code is on its way to {person.email}.")
    await expect(person.field("Code")).to_be_focused()
    await expect(person.field("Code")).to_have_attribute("autocomplete", "one-time-code")
    code = await code_for(person.site.kratos, person.email)
    await person.fill(code=another(code))
    await person.page.keyboard.press("Enter")
    await person.sees("This code is wrong, or was used before.")
    await expect(person.field("Code")).to_have_value("")
    await person.fill(code=code)
    await person.page.keyboard.press("Enter")
    await person.is_at(START)


async def test_a_new_code_replaces_the_former_one(person: AccountPerson) -> None:
    kratos = person.site.kratos
    await kratos.register(person.email)
    await person.open("/sign-in")
    await person.fill(address=person.email)
    await person.press("Send me a code")
    await expect(person.field("Code")).to_be_visible()
    former = await code_for(kratos, person.email)
    await person.press("Send a new code")
    await eventually(lambda: _is_newer(person, former), "a new code")
    await person.fill(code=await code_for(kratos, person.email))
    await person.press("Continue")
    await person.is_at(START)


async def _is_newer(person: AccountPerson, former: str) -> bool:
    return await code_for(person.site.kratos, person.email) != former


async def test_a_reload_comes_back_to_the_code(person: AccountPerson) -> None:
    """A phone drops the page while its person reads the message."""
    await person.site.kratos.register(person.email)
    await person.open("/sign-in")
    await person.fill(address=person.email)
    await person.press("Send me a code")
    await expect(person.field("Code")).to_be_visible()
    await person.page.reload()
    await person.fill(code=await code_for(person.site.kratos, person.email))
    await person.press("Continue")
    await person.is_at(START)


async def test_a_person_signs_up_by_code(person: AccountPerson) -> None:
    await person.open("/sign-up")
    await person.fill(address=person.email)
    await person.press("Sign up with a code")
    await expect(person.field("Code")).to_be_visible()
    await person.fill(code=await code_for(person.site.kratos, person.email))
    await person.press("Continue")
    await person.is_at(START)


# Recovery and verification


async def test_recovery_by_code_leads_to_a_new_password(person: AccountPerson) -> None:
    await person.site.kratos.register(person.email)
    await person.open("/sign-in")
    await person.page.get_by_role("link", name="Forgot password?").click()
    await person.is_at("/recovery")
    await person.fill(address=person.email)
    await person.press("Send me a code")
    await expect(person.field("Code")).to_be_visible()
    await person.fill(code="000000")
    await person.press("Continue")
    await person.sees("This code is wrong, or was used before.")
    await person.fill(code=await code_for(person.site.kratos, person.email))
    await person.press("Continue")
    await person.is_at("/settings")
    await person.sees("You are signed in. Choose a new password now.")
    await person.fill(new_password=f"{PASSWORD} anew")
    await person.press("Change password")
    await person.sees("Saved.")
    await person.sign_out()
    await person.sign_in(password=f"{PASSWORD} anew")
    await person.is_at(START)


async def test_verification_by_code(person: AccountPerson) -> None:
    await person.site.kratos.register(person.email)
    await person.open("/verification")
    await person.fill(address=person.email)
    await person.press("Send me a code")
    await expect(person.field("Code")).to_be_visible()
    await person.fill(code=await code_for(person.site.kratos, person.email))
    await person.press("Continue")
    await person.sees("Your address is confirmed.")


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


# The page behind the sign-in


async def test_sign_in_leads_back_to_the_page_of_ours_that_asked_for_it(person: AccountPerson) -> None:
    await person.sign_up()
    await person.sign_out()
    await person.open("/settings")
    await person.is_at("/sign-in")
    await person.fill(address=person.email, password=PASSWORD)
    await person.press("Sign in")
    await person.is_at("/settings")
    await expect(person.field("New password")).to_be_visible()


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.test/", "/\\evil.test", "javascript:alert(1)"],  # the unit tests have more
)
async def test_nobody_is_sent_to_another_site(person: AccountPerson, elsewhere: str) -> None:
    await person.site.kratos.register(person.email)
    await person.sign_in(f"/sign-in?return_to={elsewhere}")
    await person.page.wait_for_url(lambda url: "sign-in" not in url)
    assert person.page.url.startswith(person.site.origin)
    assert [url for url in person.requested if not url.startswith(person.site.origin)] == []
    # The link that is opened by somebody who is signed in already.
    await person.open(f"/sign-in?return_to={elsewhere}")
    await person.page.wait_for_url(lambda url: "sign-in" not in url)
    assert person.page.url.startswith(person.site.origin)
    assert [url for url in person.requested if not url.startswith(person.site.origin)] == []


async def test_a_person_who_is_signed_in_sees_no_form_to_sign_in(person: AccountPerson) -> None:
    await person.sign_up()
    for path in ("/sign-in", "/sign-up"):
        await person.open(path)
        await person.is_at(START)


# What may go wrong


async def test_an_expired_form_becomes_a_new_one_with_what_was_typed_but_the_password(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("brief")
    # Long enough for the form that comes in its place, however busy the machine is.
    async with account_site(folder, login={"lifespan": "5s"}) as site, person_at(site, browser) as person:
        await site.kratos.register(person.email)
        await person.open("/sign-in")
        await person.fill(address=person.email, password=PASSWORD)
        (flow,) = parse_qs(urlsplit(person.page.url).query)["flow"]

        async def is_expired() -> bool:
            answer = await person.page.request.get(site.url(f"{PATH}/self-service/login/flows?id={flow}"))
            return answer.status == 410

        await eventually(is_expired, "the form has expired")
        await person.press("Sign in")
        await person.sees(re.compile("This page had been open for too long."))
        await expect(person.field("Address")).to_have_value(person.email)
        await expect(person.field("Password")).to_have_value("")
        await expect(person.field("Password")).to_be_focused()


async def test_a_flow_of_another_browser_becomes_an_own_one(
    person: AccountPerson, site: Site, browser: Browser
) -> None:
    await person.open("/sign-in")
    await expect(person.field("Address")).to_be_visible()
    async with person_at(site, browser) as other:
        await site.kratos.register(other.email)
        await other.open(person.page.url.removeprefix(site.origin))
        await other.fill(address=other.email, password=PASSWORD)
        await other.press("Sign in")
        await other.is_at(START)


async def test_without_a_connection_the_button_says_why_and_works_again_afterwards(person: AccountPerson) -> None:
    await person.site.kratos.register(person.email)
    await person.open("/sign-in")
    await person.fill(address=person.email, password=PASSWORD)
    await person.page.context.set_offline(True)
    await person.sees("You are offline. This works again when you are back.")
    button = person.button("Sign in")
    await expect(button).to_have_attribute("aria-disabled", "true")
    await expect(button).to_have_accessible_description(re.compile("You are offline"))
    await person.field("Password").press("Enter")
    await person.page.context.set_offline(False)
    await expect(button).not_to_have_attribute("aria-disabled", "true")
    await button.click()
    await person.is_at(START)


async def test_while_kratos_is_away_the_page_says_so_and_tries_again(person: AccountPerson) -> None:
    pattern = "**/self-service/login/browser*"
    await person.page.route(pattern, lambda route: route.fulfill(status=503, json={"code": "kratos_away"}))
    await person.open("/sign-in")
    await person.sees("Sign-in is unavailable for a moment.")
    await person.page.unroute(pattern)
    await person.press("Try again")
    await expect(person.field("Address")).to_be_visible()


async def test_the_error_page_has_calm_words_and_kratos_own_behind_them(person: AccountPerson) -> None:
    await person.open("/error?id=stub:500")
    await person.sees("Something went wrong while you were signing in. Nothing was changed.")
    detail = person.page.get_by_text("This is a stub error.")
    await expect(detail).not_to_be_visible()
    await person.page.get_by_text("Details").click()
    await expect(detail).to_be_visible()


async def test_the_other_language_keeps_what_was_typed(person: AccountPerson) -> None:
    await person.open("/sign-in")
    await person.fill(address=person.email)
    await person.press("Deutsch")
    await expect(person.page.get_by_role("heading", level=1)).to_have_text("Anmelden")
    await expect(person.field("Adresse")).to_have_value(person.email)
    await expect(person.page.locator("html")).to_have_attribute("lang", "de")
