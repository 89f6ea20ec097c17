"""The second factor: authenticator app, backup codes, a mailed code, a security key. A fresh sign-in, and a
registration in two steps. On the real Kratos 1.3.1."""

from pathlib import Path

from playwright.async_api import Browser, expect

from account_pages import account_site
from account_person import START, AccountPerson, person_at
from kratos_browser import another, code_for, new_address, totp
from kratos_servers import PASSWORD, dsn_of, make_logins_old


async def set_up_app(person: AccountPerson) -> str:
    """Sign up and turn on an authenticator app; return its secret."""
    await person.sign_up()
    await person.open("/settings")
    section = person.page.get_by_role("region", name="Authenticator app")
    await expect(section.get_by_role("img", name="Picture to scan with your authenticator app")).to_be_visible()
    secret = await section.locator("code").text_content() or ""
    await person.press("Turn on", code=totp(secret))
    await person.sees("An authenticator app is your second factor.")
    return secret


async def is_asked(person: AccountPerson) -> None:
    await expect(person.page.get_by_role("heading", level=1)).to_have_text("Second factor")


async def test_an_authenticator_app_is_asked_for_after_the_password_by_every_page(person: AccountPerson) -> None:
    secret = await set_up_app(person)
    await person.sign_out()
    await person.sign_in()
    await person.sees("Type the six digits that your authenticator shows for Postroom.")
    await expect(person.field("Code")).to_be_focused()
    for path in ("/", "/preparing", "/settings"):
        await person.open(path)
        await person.is_at("/sign-in")
        await is_asked(person)
    await person.press("Continue", code=another(totp(secret)))
    await expect(person.page.get_by_role("alert")).to_contain_text("This code is wrong.")
    await person.press("Continue", code=totp(secret))
    await person.is_at("/settings")
    assert (await person.whoami())["authenticator_assurance_level"] == "aal2"


async def test_a_backup_code_takes_the_place_of_the_app_once_and_somebody_else_may_sign_in(
    person: AccountPerson,
) -> None:
    await set_up_app(person)
    await person.press("Make backup codes")
    section = person.page.get_by_role("region", name="Backup codes")
    codes = section.get_by_role("listitem")
    await expect(codes).to_have_count(12)
    await person.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await section.get_by_role("button", name="Copy").click()
    copied = (await person.page.evaluate("navigator.clipboard.readText()")).split()
    assert copied == await codes.all_text_contents()
    await person.press("I have saved them")
    await expect(codes).to_have_count(0)
    await person.sign_out()
    await person.sign_in()
    await person.press("Use a backup code instead")
    await expect(person.field("Backup code")).to_be_focused()
    await person.press("Continue", backup_code=copied[0])
    await person.is_at(START)
    await person.sign_out()
    await person.sign_in()
    await person.press("Use a backup code instead")
    await person.press("Continue", backup_code=copied[0])
    await person.sees("This backup code was used before.")
    await person.press("Sign in as somebody else")
    await expect(person.page.get_by_role("heading", level=1)).to_have_text("Sign in")
    person.email = new_address()
    await person.site.kratos.register(person.email)
    await person.sign_in()
    await person.is_at(START)


async def test_a_mailed_code_and_a_security_key_are_second_factors(browser: Browser, tmp_path: Path) -> None:
    async with account_site(tmp_path, code="mfa", keys="second") as site, person_at(site, browser) as person:
        await site.kratos.register(person.email)
        await person.authenticator(resident=False)
        await person.sign_in()
        await person.press(f"Send a code to {person.email}")
        await expect(person.field("Code")).to_be_visible()
        await person.press("Continue", code=await code_for(site.kratos, person.email))
        await person.is_at(START)
        assert (await person.whoami())["authenticator_assurance_level"] == "aal2"
        await person.open("/settings")
        await person.press("Add a security key", name_of_the_key="Blue key")
        await expect(person.button("Remove Blue key")).to_be_visible()
        await person.sign_out()
        await person.sign_in()
        await is_asked(person)
        await person.press("Use a security key")
        await person.is_at(START)
        assert (await person.whoami())["authenticator_assurance_level"] == "aal2"
        assert PASSWORD not in "".join(person.requested)


async def test_an_old_sign_in_is_renewed_and_the_change_is_made(browser: Browser, tmp_path: Path) -> None:
    database = tmp_path / "kratos.sqlite"
    async with account_site(tmp_path, kratos={"dsn": dsn_of(database)}) as site, person_at(site, browser) as person:
        await person.sign_up()
        make_logins_old(database)
        await person.open("/settings")
        await person.press("Change password", new_password=f"{PASSWORD} anew")
        await person.press("Sign in again")
        await expect(person.page.get_by_role("heading", level=1)).to_have_text("Confirm that it is you")
        await person.fill(password=PASSWORD)
        if await person.field("Address").is_editable():
            await person.press("Sign in", address=person.email)
        await person.is_at("/settings")
        await person.sees("Saved.")
        await person.sign_out()
        await person.sign_in(password=f"{PASSWORD} anew")
        await person.is_at(START)


async def test_a_person_signs_up_in_two_steps_and_may_go_back(browser: Browser, tmp_path: Path) -> None:
    steps = {"registration": {"enable_legacy_one_step": False}, "login": {"style": "identifier_first"}}
    async with account_site(tmp_path, **steps) as site, person_at(site, browser) as person:
        await person.open("/sign-up")
        await person.press("Continue", address="wrong@example.org", name="Ada")
        await person.sees("How do you want to sign in from now on?")
        await person.press("Back")
        await person.press("Continue", address=person.email)
        await person.press("Sign up", password=PASSWORD)
        await person.is_at(START)
        assert (await person.whoami())["identity"]["traits"] == {"email": person.email, "name": "Ada"}
        await person.sign_out()
        await expect(person.button("Use a passkey")).to_be_visible()
        await person.press("Continue", address=person.email)
        await person.fill(password=PASSWORD)
        await person.page.keyboard.press("Enter")
        await person.is_at(START)
