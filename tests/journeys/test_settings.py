"""What a person chooses in the settings, on all their devices. In Chromium, on a trial."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from playwright.async_api import Browser, expect

from eventually import eventually
from kratos_servers import PASSWORD
from mail_page import NARROW, MailPage, mail_page
from newcomer import newcomer
from trial import Trial

# The theme at each of the first frames that have something to paint.
_FRAMES = """
  window.themes = []
  const look = () => {
    if (document.body) window.themes.push(document.documentElement.dataset.theme)
    if (window.themes.length < 60) requestAnimationFrame(look)
  }
  requestAnimationFrame(look)
"""


@asynccontextmanager
async def at_general(
    up: Trial, browser: Browser, name: str, labels: tuple[str, str] = ("Address", "Password"), **context: object
) -> AsyncIterator[MailPage]:
    """Somebody with a mailbox, at the general settings."""
    address, password = labels
    async with mail_page(up, browser, name, **context) as page:
        await page.open("/sign-in")
        await page.page.get_by_role("textbox", name=address, exact=True).fill(page.email)
        await page.page.get_by_role("textbox", name=password, exact=True).fill(PASSWORD)
        await page.page.keyboard.press("Enter")
        await page.is_at("/mail")
        await page.open("/mail/settings/general")
        yield page


async def choose(page: MailPage, name: str) -> None:
    await page.page.get_by_role("radio", name=name, exact=True).check(force=True)


async def test_choices_hold_on_another_device_after_a_reload(up: Trial, browser: Browser) -> None:
    async with newcomer(up.environment, "chooses") as person:
        await person.mail()
        async with at_general(up, browser, "chooses") as one, at_general(up, browser, "chooses") as other:
            compact = other.page.get_by_role("radio", name="Compact", exact=True)
            await expect(compact).not_to_be_checked()
            async with one.page.expect_response(
                lambda answer: answer.url.endswith("/api/settings") and answer.request.method == "PUT" and answer.ok
            ):
                await choose(one, "Dark")
            await expect(one.page.locator("html")).to_have_attribute("data-theme", "dark")
            async with one.page.expect_response(
                lambda answer: answer.url.endswith("/api/settings") and answer.request.method == "PUT" and answer.ok
            ):
                await choose(one, "Compact")

            await other.page.reload()
            await expect(compact).to_be_checked()
            await expect(other.page.locator("html")).to_have_attribute("data-theme", "dark")


async def test_choices_are_there_at_once_in_another_tab_and_on_another_device(up: Trial, browser: Browser) -> None:
    async with newcomer(up.environment, "everywhere") as person:
        await person.mail()
        async with at_general(up, browser, "everywhere") as one, at_general(up, browser, "everywhere") as other:
            tab = await one.page.context.new_page()
            await tab.goto(one.page.url)
            for page in (tab, other.page):
                await expect(page.get_by_role("radio", name="Compact", exact=True)).not_to_be_checked()
            await choose(one, "Compact")
            for page in (tab, other.page):
                await expect(page.get_by_role("radio", name="Compact", exact=True)).to_be_checked()


async def test_chosen_theme_is_there_at_the_first_frame(up: Trial, browser: Browser) -> None:
    async with newcomer(up.environment, "flicker") as person:
        await person.mail()
        async with at_general(up, browser, "flicker", color_scheme="light") as page:
            await choose(page, "Dark")
            await page.page.add_init_script(_FRAMES)
            await page.open("/mail")
            await expect(page.row("Welcome to your new mailbox")).to_be_visible()
            frames = partial(page.page.evaluate, "window.themes.length >= 60")
            await eventually(frames, "sixty frames were painted", within=15)
            assert set(await page.page.evaluate("window.themes")) == {"dark"}


async def test_sections_are_a_page_of_their_own_on_a_phone(up: Trial, browser: Browser) -> None:
    async with newcomer(up.environment, "phone") as person:
        await person.mail()
        async with at_general(up, browser, "phone", viewport=NARROW) as page:
            sections = page.page.get_by_role("navigation", name="Settings")
            await expect(page.page.get_by_role("heading", name="Appearance")).to_be_visible()
            await expect(sections).to_be_hidden()
            await page.page.get_by_role("link", name="All settings").click()
            await page.is_at("/mail/settings")
            await expect(page.page.get_by_role("heading", name="Appearance")).to_be_hidden()
            await sections.get_by_role("link", name="Keyboard").click()
            await page.is_at("/mail/settings/keyboard")
            await expect(sections).to_be_hidden()
            await page.page.get_by_role("link", name="All settings").click()
            await sections.get_by_role("link", name="Back to mail").click()
            await expect(page.row("Welcome to your new mailbox")).to_be_visible()


async def test_settings_speak_german(up: Trial, browser: Browser) -> None:
    async with newcomer(up.environment, "deutsch") as person:
        await person.mail()
        german = ("Adresse", "Passwort")
        async with at_general(up, browser, "deutsch", german, locale="de-DE") as page:
            sections = page.page.get_by_role("navigation", name="Einstellungen")
            await expect(sections.get_by_role("link", name="Anmeldung und Sicherheit")).to_be_visible()
            await expect(page.page.get_by_role("heading", name="Darstellung")).to_be_visible()
            await choose(page, "Dunkel")
            await expect(page.page.locator("html")).to_have_attribute("data-theme", "dark")
            await expect(page.page.get_by_role("combobox", name="Sprache")).to_have_value("de")
