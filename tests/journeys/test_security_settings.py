"""Devices, access tokens, the ways of signing in, where one is signed in, and identities, in the settings. In Chromium,
on a trial."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from playwright.async_api import Browser, Locator, expect

from kratos_browser import totp
from kratos_servers import PASSWORD
from mail_page import NARROW, WIDE, MailPage, mail_page
from newcomer import newcomer
from trial import Trial
from writing_page import Window


@asynccontextmanager
async def at_settings(
    up: Trial, browser: Browser, name: str, section: str, **context: object
) -> AsyncIterator[MailPage]:
    """Somebody who signed up a moment ago, at a section of the settings."""
    async with newcomer(up.environment, name) as person, mail_page(up, browser, name, **context) as page:
        await person.mail()
        await person.enter(page.page.context)
        await page.open(f"/mail/settings/{section}")
        yield page


async def age_logins(up: Trial) -> None:
    """The sign-ins of all people are an hour old."""
    async with httpx2.AsyncClient(trust_env=False) as http:
        url = f"{up.environment['POSTROOM_KRATOS_PUBLIC_URL']}/_sandbox/old-logins"
        (await http.put(url)).raise_for_status()


async def secret_of(page: MailPage, label: str) -> str:
    field = page.page.get_by_role("textbox", name=label, exact=True)
    await expect(field).to_be_focused()
    assert await field.evaluate("e => e.readOnly && e.selectionEnd - e.selectionStart === e.value.length")
    return await field.input_value()


async def test_device_is_connected_shown_once_and_revoked(up: Trial, browser: Browser) -> None:
    async with at_settings(up, browser, "devi", "devices") as devi:
        await expect(devi.text("No mail program is connected.")).to_be_visible()
        await expect(devi.text(re.compile("allows a mailbox 5 of these"))).to_be_visible()
        await devi.button("Connect a device").click()
        await expect(devi.text("Give it a name")).to_be_visible()
        name = devi.page.get_by_role("textbox", name="Name")
        await expect(name).to_be_focused()
        await name.fill("My phone")
        await devi.page.keyboard.press("Enter")
        secret = await secret_of(devi, "Password")
        assert secret.startswith("app_")
        await expect(devi.text(re.compile(r", port 993, SSL/TLS"))).to_be_visible()
        await devi.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        await devi.button("Copy").click()
        await expect(devi.button("Copied")).to_be_visible()
        assert await devi.page.evaluate("navigator.clipboard.readText()") == secret
        await devi.button("Show the picture").click()
        picture = devi.page.get_by_role("img", name="Picture to scan with Thunderbird on a phone")
        await expect(picture).to_be_visible()
        assert await picture.evaluate("e => e.decode().then(() => e.naturalWidth > 50)")
        await devi.expect_no_violations()
        await devi.button("Done").click()
        await expect(devi.page.get_by_role("textbox", name="Password", exact=True)).to_have_count(0)
        kept = await devi.page.evaluate(
            "() => JSON.stringify([history.state, {...localStorage}, {...sessionStorage}, document.body.innerHTML])"
        )
        assert secret not in kept
        await devi.button("Revoke My phone").click()
        dialog = devi.page.get_by_role("dialog", name='Revoke the password of "My phone"?')
        await expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
        await dialog.get_by_role("button", name="Revoke").click()
        await expect(devi.text("My phone is disconnected")).to_be_visible()
        await expect(devi.text("No mail program is connected.")).to_be_visible()


async def test_token_is_made_used_and_revoked_after_a_fresh_sign_in_by_keyboard_only(
    up: Trial, browser: Browser
) -> None:
    async with at_settings(up, browser, "toki", "tokens") as toki:
        await age_logins(up)
        keyboard = toki.page.keyboard
        name = toki.page.get_by_role("textbox", name="Name")
        await tab_to(toki, name)
        await keyboard.type("Backup")
        await keyboard.press("Enter")
        dialog = toki.page.get_by_role("dialog", name="Please confirm that it is you")
        password = dialog.get_by_role("textbox", name="Password", exact=True)
        await expect(password).to_be_focused()
        await expect(dialog.get_by_text(re.compile("Sign in (again|once more)"))).to_have_count(1)
        await toki.expect_no_violations()
        await keyboard.press("Escape")
        await expect(dialog).not_to_be_visible()
        await expect(name).to_have_value("Backup")
        await expect(toki.page.get_by_role("alert")).to_have_count(0)
        await tab_to(toki, name)
        await keyboard.press("Enter")
        await expect(password).to_be_focused()
        await keyboard.type("wrong")
        await keyboard.press("Enter")
        await expect(dialog.get_by_text("The address or the password is wrong.")).to_be_visible()
        await password.fill(PASSWORD)
        await keyboard.press("Enter")
        secret = await secret_of(toki, "Token")
        await expect(name).to_have_value("")
        await expect(toki.text(re.compile("It may read your mail"))).to_be_visible()
        async with httpx2.AsyncClient(base_url=toki.url, trust_env=False) as program:
            headers = {"Authorization": f"Bearer {secret}"}
            assert (await program.get("/jmap/session", headers=headers)).status_code == 200
            await toki.page.reload()
            await expect(toki.text(re.compile("last used"))).to_be_visible()
            assert secret not in await toki.page.content()
            await tab_to(toki, toki.button("Revoke Backup"))
            await keyboard.press("Enter")
            await keyboard.press("Tab")
            await keyboard.press("Enter")
            await expect(toki.text("There are no access tokens.")).to_be_visible()
            assert (await program.get("/jmap/session", headers=headers)).status_code == 401


async def tab_to(page: MailPage, target: Locator) -> None:
    await expect(target).to_be_visible()
    for _ in range(60):
        if await target.evaluate("e => e === document.activeElement"):
            return
        await page.page.keyboard.press("Tab")
    await expect(target).to_be_focused(timeout=1)


async def test_second_factor_is_turned_on_and_off_where_one_is(up: Trial, browser: Browser) -> None:
    async with at_settings(up, browser, "faktor", "security") as page:
        await age_logins(up)
        section = page.page.get_by_role("region", name="Authenticator app")
        secret = await section.locator("code").text_content() or ""
        await section.get_by_role("textbox", name="Code").fill(totp(secret))
        await page.button("Turn on").click()
        dialog = page.page.get_by_role("dialog", name="Please confirm that it is you")
        await dialog.get_by_role("textbox", name="Password", exact=True).fill(PASSWORD)
        await page.page.keyboard.press("Enter")
        await expect(page.text("An authenticator app is your second factor.")).to_be_visible()
        await page.is_at("/mail/settings/security")
        await page.expect_no_violations()
        await page.button("Turn off").click()
        await expect(page.button("Turn on")).to_be_visible()


async def test_another_sign_in_is_ended_from_here_and_is_signed_out_there(up: Trial, browser: Browser) -> None:
    async with at_settings(up, browser, "sessi", "security") as here, mail_page(up, browser, "sessi") as there:
        await here.page.context.clear_cookies()
        for page in (here, there):
            await page.sign_in()
            await page.is_at("/mail")
        await expect(there.button("Live")).to_be_visible()
        await here.open("/mail/settings/security")
        title = here.page.get_by_role("region", name="Where you are signed in")
        rows = title.get_by_role("listitem")
        await expect(title.get_by_text("Chrome on Linux (this one)")).to_be_visible()
        # One is of the program with which they signed up.
        await expect(rows).to_have_count(3)
        await here.expect_no_violations()
        await here.button("End all others").click()
        dialog = here.page.get_by_role("dialog", name="End the 2 other sign-ins?")
        await dialog.get_by_role("button", name="End all 2").click()
        await expect(here.text("You are signed in nowhere else.")).to_be_visible()
        await expect(rows).to_have_count(1)
        # At once: without waiting for the next check of its live stream.
        await expect(there.page.get_by_role("link", name="Sign in")).to_be_visible(timeout=15_000)


async def test_in_german_and_on_a_phone_in_the_dark(up: Trial, browser: Browser) -> None:
    context = {"locale": "de-DE", "viewport": NARROW, "color_scheme": "dark"}
    async with at_settings(up, browser, "deut", "devices", **context) as deut:
        await expect(deut.text("Kein Mailprogramm ist verbunden.")).to_be_visible()
        await deut.page.get_by_role("textbox", name="Name").fill("Mein Telefon")
        await deut.button("Gerät verbinden").click()
        await expect(deut.text("Passwort für Mein Telefon")).to_be_visible()
        await deut.expect_no_violations()
        for section, words in (
            ("tokens", "Es gibt keine Zugriffstoken."),
            ("security", "Wo Sie angemeldet sind"),
        ):
            await deut.open(f"/mail/settings/{section}")
            await expect(deut.text(words)).to_be_visible()
            width = await deut.page.evaluate("document.documentElement.scrollWidth")
            assert width <= NARROW["width"], section


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("tokens", "There are no access tokens."),
        ("devices", "Settings for a mail program"),
        ("security", "Where you are signed in"),
        ("identities", "Add an identity"),
    ],
)
async def test_every_section_is_without_violations(up: Trial, browser: Browser, section: str, words: str) -> None:
    async with at_settings(up, browser, f"axe{section}", section) as page:
        await expect(page.text(words)).to_be_visible()
        for theme, viewport in (("light", WIDE), ("dark", NARROW)):
            await page.page.emulate_media(color_scheme=theme)  # pyright: ignore[reportArgumentType] - a literal
            await page.page.set_viewport_size(viewport)  # pyright: ignore[reportArgumentType] - it is one
            await expect(page.text(words)).to_be_visible()
            await page.expect_no_violations()


async def test_identity_with_its_signature_appears_in_a_new_message(up: Trial, browser: Browser) -> None:
    async with at_settings(up, browser, "ident", "identities") as page:
        await page.button(f"Edit {page.email}").click()
        keyboard = page.page.keyboard
        name = page.page.get_by_role("textbox", name="Name")
        await expect(name).to_be_focused()
        await name.fill("Ida Ent")
        signature = page.page.get_by_role("textbox", name="Signature")
        await signature.click()
        await keyboard.type("Ida Ent")
        await keyboard.press("Enter")
        await keyboard.type("Paper and ink")
        await page.expect_no_violations()
        await page.button("Save").click()
        await expect(page.text("Identity saved")).to_be_visible()
        await page.open("/mail")
        await expect(page.row("Welcome to your new mailbox")).to_be_visible()
        await keyboard.press("c")
        await expect(Window(page).text).to_contain_text("Paper and ink")
        await page.open("/mail/settings/identities")
        await page.button("Add an identity").click()
        await page.page.get_by_role("textbox", name="Name").fill("Nobody")
        address = page.page.get_by_role("textbox", name="Address")
        await address.fill("somebody.else@example.org")
        await page.button("Save").click()
        await expect(page.text("You may not send as somebody.else@example.org.")).to_be_visible()
        await expect(address).to_have_value("somebody.else@example.org")
        await address.fill(page.email)
        await page.button("Save").click()
        await page.button(f"Use {page.email} for new messages").click()
        await expect(page.text(f"New messages are written as {page.email}")).to_be_visible()
        await page.open("/mail")
        await expect(page.row("Welcome to your new mailbox")).to_be_visible()
        await keyboard.press("c")
        window = Window(page)
        sender = window.box.get_by_role("combobox", name="From")
        await expect(sender.locator("option:checked")).to_contain_text("Nobody")
