"""What a person chooses in the settings, on all their devices. In Chromium, on a trial."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from playwright.async_api import Browser, Locator, Page, expect

from eventually import eventually
from mail_page import NARROW, MailPage, mail_page
from newcomer import Newcomer, newcomer
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
async def at_general(up: Trial, browser: Browser, person: Newcomer, **context: object) -> AsyncIterator[MailPage]:
    """The general settings on one device."""
    async with mail_page(up, browser, person.email.partition("@")[0], **context) as page:
        await person.enter(page.page.context)
        await page.open("/mail/settings/general")
        yield page


def choice(page: Page, name: str) -> Locator:
    return page.get_by_role("radio", name=name, exact=True)


async def test_choices_are_there_at_once_everywhere_and_at_the_first_frame_of_a_page(
    up: Trial, browser: Browser
) -> None:
    async with newcomer(up.environment, "chooses") as person:
        await person.mail()
        async with (
            at_general(up, browser, person, color_scheme="light") as one,
            at_general(up, browser, person) as other,
        ):
            tab = await one.page.context.new_page()
            await tab.goto(one.page.url)
            for page in (tab, other.page):
                await expect(choice(page, "Compact")).not_to_be_checked()
            for name in ("Compact", "Dark"):
                await choice(one.page, name).check(force=True)
            for page in (tab, other.page):
                await expect(choice(page, "Compact")).to_be_checked()
                await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
            await other.page.reload()
            await expect(choice(other.page, "Compact")).to_be_checked()
            await tab.close()  # a page behind another one paints nothing
            await one.page.add_init_script(_FRAMES)
            await one.open("/mail")
            await expect(one.row("Welcome to your new mailbox")).to_be_visible()
            frames = partial(one.page.evaluate, "window.themes.length >= 60")
            await eventually(frames, "sixty frames were painted", within=15)
            assert set(await one.page.evaluate("window.themes")) == {"dark"}


async def test_sections_are_a_page_of_their_own_on_a_phone_in_german_too(up: Trial, browser: Browser) -> None:
    async with newcomer(up.environment, "telefon") as person:
        await person.mail()
        async with at_general(up, browser, person, viewport=NARROW, locale="de-DE") as page:
            sections = page.page.get_by_role("navigation", name="Einstellungen")
            appearance = page.page.get_by_role("heading", name="Darstellung")
            await expect(appearance).to_be_visible()
            await expect(page.page.get_by_role("combobox", name="Sprache")).to_have_value("de")
            await expect(sections).to_be_hidden()
            await page.page.get_by_role("link", name="Alle Einstellungen").click()
            await page.is_at("/mail/settings")
            await expect(appearance).to_be_hidden()
            await sections.get_by_role("link", name="Tastatur").click()
            await page.is_at("/mail/settings/keyboard")
            await expect(sections).to_be_hidden()
            await page.page.get_by_role("link", name="Alle Einstellungen").click()
            await sections.get_by_role("link", name="Zurück zur Post").click()
            await expect(page.row("Welcome to your new mailbox")).to_be_visible()
