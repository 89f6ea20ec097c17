"""Each state of the account pages in the light on a phone and in the dark on a desk: axe finds nothing, and nothing is
cut off. POSTROOM_PICTURES names a folder for the pictures."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from account_pages import Site
from account_person import AccountPerson, person_at
from axe import violations
from kratos_browser import another, code_for, totp

LOOKS = (("light", 320), ("dark", 1440))
PICTURES = os.environ.get("POSTROOM_PICTURES")


@pytest.fixture
async def person(site: Site, browser: Browser) -> AsyncIterator[AccountPerson]:
    async with person_at(site, browser, reduced_motion="reduce") as person:
        yield person


async def require_accessible(person: AccountPerson, name: str) -> None:
    page = person.page
    for theme, width in LOOKS:
        await page.emulate_media(color_scheme=theme)  # pyright: ignore[reportArgumentType] - a literal
        await page.set_viewport_size({"width": width, "height": 800})
        assert await violations(page) == [], f"{name}, {theme}, {width}"
        widest = await page.evaluate("document.documentElement.scrollWidth")
        assert widest <= width, f"{name} is {widest} wide at {width}"
        if PICTURES:
            await page.screenshot(path=Path(PICTURES) / f"{name}-{theme}-{width}.png", full_page=True)


async def test_pages_for_signing_in_and_up_are_accessible_and_fit(person: AccountPerson) -> None:
    await person.open("/sign-in")
    await expect(person.field("Address")).to_be_visible()
    await require_accessible(person, "sign-in")
    await person.press("Sign in", address=person.email, password="wrong")
    await expect(person.page.get_by_role("alert")).to_be_visible()
    await require_accessible(person, "sign-in-refused")
    await person.page.context.set_offline(True)
    await expect(person.button("Sign in")).to_have_attribute("aria-disabled", "true")
    await require_accessible(person, "sign-in-off-line")
    await person.page.context.set_offline(False)
    await person.open("/sign-up")
    await person.press("Sign up", address="alice.brandt@", name="Alice Brandt")
    await expect(person.page.get_by_role("alert")).to_be_visible()
    await require_accessible(person, "sign-up-refused")
    await person.press("Sign up with a code", address=person.email)
    await expect(person.field("Code")).to_be_visible()
    await require_accessible(person, "code")


async def test_pages_of_recovery_verification_and_errors_are_accessible_and_fit(person: AccountPerson) -> None:
    await person.site.kratos.register(person.email)
    await person.open("/recovery")
    await expect(person.field("Address")).to_be_visible()
    await require_accessible(person, "recovery")
    await person.open("/verification")
    await person.press("Send me a code", address=person.email)
    await expect(person.field("Code")).to_be_visible()
    await require_accessible(person, "verification")
    await person.press("Continue", code=await code_for(person.site.kratos, person.email))
    await person.sees("Your address is confirmed.")
    await require_accessible(person, "verified")
    await person.open("/error?id=stub:500")
    await person.page.get_by_text("Details").click()
    await person.sees("This is a stub error.")
    await require_accessible(person, "error")
    await person.page.route("**/self-service/login/**", lambda route: route.fulfill(status=503, json={}))
    await person.open("/sign-in")
    await person.sees("Sign-in is unavailable for a moment.")
    await require_accessible(person, "away")


async def test_settings_and_second_factor_are_accessible_and_fit(person: AccountPerson) -> None:
    await person.sign_up()
    await person.open("/settings")
    await expect(person.button("Turn on")).to_be_visible()
    await require_accessible(person, "settings")
    secret = await person.page.locator("code").first.text_content() or ""
    await person.press("Turn on", code=totp(secret))
    await person.sees("Saved.")
    await person.press("Make backup codes")
    await expect(person.button("I have saved them")).to_be_visible()
    await require_accessible(person, "settings-codes")
    await person.press("I have saved them")
    await person.sees("Saved.")
    await person.press("Deutsch")
    await require_accessible(person, "settings-german")
    await person.press("English")
    await person.open("/sign-out")
    await expect(person.button("Sign out")).to_be_visible()
    await require_accessible(person, "sign-out")
    await person.press("Sign out")
    await person.is_at("/sign-in")
    await person.sign_in()
    await person.press("Continue", code=another(totp(secret)))
    await expect(person.page.get_by_role("alert")).to_be_visible()
    await require_accessible(person, "second-factor")
    await person.press("Use a backup code instead")
    await require_accessible(person, "backup-code")
