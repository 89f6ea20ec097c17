"""Plain text lies in the page itself, not in a frame: its links must not tell a host anything either."""

from pathlib import Path

from playwright.async_api import Page

from chromium import ordinary_chromium
from hostile_mail.harness import until
from hostile_mail.hosts import hosts
from hostile_mail.mail import HostileMail

LINK = HostileMail(id="link", why="a link in plain text")


async def _press(page: Page, button: str) -> None:
    await page.get_by_role("link").click(button=button, delay=200)  # pyright: ignore[reportArgumentType] - a literal


async def test_link_in_plain_text_reaches_its_host_only_through_the_page(tmp_path: Path, origin: str) -> None:
    """A browser looks up and dials the host of a link when it is pressed, before the page can show a warning. A driven
    browser does not, so this one is started as people start it."""
    async with (
        hosts([LINK]) as evil,
        ordinary_chromium(tmp_path, f"--host-resolver-rules={evil.rules()}") as browser,
    ):
        context = browser.contexts[0]
        page = await context.new_page()
        await page.goto(f"{origin}/")
        address = f"http://{LINK.id}.{evil.domain}/x"
        await page.evaluate("text => showText(text)", f"See {address} today.")
        opened = len(context.pages)
        await page.get_by_role("link").hover()
        for button in ("left", "middle"):
            await _press(page, button)
        await page.get_by_role("link").focus()
        await page.keyboard.press("Enter")
        assert not await evil.wait([LINK.id], 1)
        assert await until(page, "told().links.length === 3"), await page.evaluate("told()")
        assert (await page.evaluate("told()"))["links"] == [address] * 3
        assert (len(context.pages), page.url) == (opened, f"{origin}/")
