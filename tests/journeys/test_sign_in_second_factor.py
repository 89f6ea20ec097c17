"""The second factor: authenticator app, backup codes, a mailed code; and a fresh sign-in, on the real Kratos 1.3.1."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Browser, expect

from account_pages import account_site
from account_person import START, AccountPerson, person_at
from eventually import eventually
from kratos_browser import another, code_for, new_address, totp
from kratos_servers import PASSWORD


async def set_up_app(person: AccountPerson) -> str:
    """Sign up and turn on an authenticator app; return its secret."""
    await person.sign_up()
    await person.open("/settings")
    section = person.page.get_by_role("region", name="Authenticator app")
    await expect(section.get_by_role("img", name="Picture to scan with your authenticator app")).to_be_visible()
    secret = await section.locator("code").text_content() or ""
    await person.fill(code=another(totp(secret)))
    await person.press("Turn on")
    await person.sees("This code is wrong.")
    await person.fill(code=totp(secret))
    await person.press("Turn on")
    await person.sees("An authenticator app is your second factor.")
    return secret


async def test_an_authenticator_app_is_asked_for_after_the_password(person: AccountPerson) -> None:
    secret = await set_up_app(person)
    await person.sign_out()
    await person.sign_in()
    await expect(person.page.get_by_role("heading", level=1)).to_have_text("Second factor")
    await person.sees("Type the six digits that your authenticator shows for Postroom.")
    await expect(person.field("Code")).to_be_focused()
    await person.fill(code=another(totp(secret)))
    await person.press("Continue")
    await expect(person.page.get_by_role("alert")).to_contain_text("This code is wrong.")
    await person.fill(code=totp(secret))
    await person.press("Continue")
    await person.is_at(START)
    assert (await person.whoami())["authenticator_assurance_level"] == "aal2"


async def test_every_page_leads_to_a_second_factor_that_is_due_and_back(person: AccountPerson) -> None:
    secret = await set_up_app(person)
    await person.sign_out()
    await person.sign_in()
    await expect(person.field("Code")).to_be_visible()
    for path in ("/", "/preparing", "/settings"):
        await person.open(path)
        await person.is_at("/sign-in")
        await expect(person.page.get_by_role("heading", level=1)).to_have_text("Second factor")
    await person.fill(code=totp(secret))
    await person.press("Continue")
    await person.is_at("/settings")


async def test_somebody_else_may_sign_in_instead(person: AccountPerson) -> None:
    await set_up_app(person)
    await person.sign_out()
    await person.sign_in()
    await person.page.get_by_role("button", name="Sign in as somebody else").click()
    await expect(person.page.get_by_role("heading", level=1)).to_have_text("Sign in")
    person.email = new_address()
    await person.site.kratos.register(person.email)
    await person.sign_in()
    await person.is_at(START)


async def test_a_backup_code_takes_the_place_of_the_app_once(person: AccountPerson) -> None:
    await set_up_app(person)
    await person.press("Make backup codes")
    section = person.page.get_by_role("region", name="Backup codes")
    codes = section.get_by_role("listitem")
    await expect(codes).to_have_count(12)
    await person.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await section.get_by_role("button", name="Copy").click()
    copied = await person.page.evaluate("navigator.clipboard.readText()")
    assert copied.split() == await codes.all_text_contents()
    await person.press("I have saved them")
    await expect(codes).to_have_count(0)
    for code, words in ((copied.split()[0], ""), (copied.split()[0], "This backup code was used before.")):
        await person.open("/settings")
        await person.press("Sign out")
        await person.is_at("/sign-in")
        await person.sign_in()
        await person.press("Use a backup code instead")
        await expect(person.field("Backup code")).to_be_focused()
        await person.fill(backup_code=code)
        await person.press("Continue")
        if words:
            await person.sees(words)
            await person.fill(backup_code=copied.split()[1])
            await person.press("Continue")
        await person.is_at(START)


async def test_the_app_is_turned_off_again(person: AccountPerson) -> None:
    await set_up_app(person)
    await person.press("Turn off")
    await expect(person.button("Turn on")).to_be_visible()
    await person.sign_out()
    await person.sign_in()
    await person.is_at(START)


async def test_a_mailed_code_is_the_second_factor(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> None:
    async with (
        account_site(tmp_path_factory.mktemp("mfa"), code="mfa", keys="second") as site,
        person_at(site, browser) as person,
    ):
        await site.kratos.register(person.email)
        await person.sign_in()
        await person.press(f"Send a code to {person.email}")
        await expect(person.field("Code")).to_be_visible()
        code = await code_for(site.kratos, person.email)
        await person.fill(code=another(code))
        await person.press("Continue")
        await person.sees("This code is wrong, or was used before.")
        await person.fill(code=code)
        await person.press("Continue")
        await person.is_at(START)
        assert (await person.whoami())["authenticator_assurance_level"] == "aal2"


async def test_an_old_sign_in_is_renewed_and_the_change_is_made(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with (
        account_site(tmp_path_factory.mktemp("old"), kratos={"privileged": "4s"}) as site,
        person_at(site, browser) as person,
    ):
        await person.sign_up()
        signed_in = datetime.fromisoformat((await person.whoami())["authenticated_at"])
        await eventually(lambda: datetime.now(UTC) > signed_in + timedelta(seconds=4), "the sign-in is old")
        await person.open("/settings")
        await person.fill(new_password=f"{PASSWORD} anew")
        await person.press("Change password")
        await person.sees("Please confirm that it is you.")
        await person.press("Sign in again")
        await expect(person.page.get_by_role("heading", level=1)).to_have_text("Confirm that it is you")
        await person.fill(password=PASSWORD)
        if await person.field("Address").is_editable():
            await person.fill(address=person.email)
        await person.press("Sign in")
        await person.is_at("/settings")
        await person.sees("Saved.")
        await person.sign_out()
        await person.sign_in(password=f"{PASSWORD} anew")
        await person.is_at(START)


async def test_a_person_signs_up_in_two_steps_and_may_go_back(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    steps = {"registration": {"enable_legacy_one_step": False}, "login": {"style": "identifier_first"}}
    async with account_site(tmp_path_factory.mktemp("two"), **steps) as site, person_at(site, browser) as person:
        await person.open("/sign-up")
        await person.fill(address="wrong@example.org", name="Ada")
        await person.press("Continue")
        await person.sees("How do you want to sign in from now on?")
        await person.press("Back")
        await person.fill(address=person.email)
        await person.press("Continue")
        await person.fill(password=PASSWORD)
        await person.press("Sign up")
        await person.is_at(START)
        assert (await person.whoami())["identity"]["traits"] == {"email": person.email, "name": "Ada"}
        await person.sign_out()
        await expect(person.button("Use a passkey")).to_be_visible()
        await person.fill(address=person.email)
        await person.press("Continue")
        await person.fill(password=PASSWORD)
        await person.page.get_by_role("button", name=re.compile("Sign in")).first.click()
        await person.is_at(START)
