"""A quote lies in the page itself, where a draft is written: no link of it may tell a host anything, or lead away."""

from pathlib import Path

import pytest
from playwright.async_api import Page

from chromium import ordinary_chromium
from hostile_mail.harness import until

HOST = "evil.localhost"
CONTROL = "control.localhost"
LINKS = f"""<p><a href="http://link.{HOST}/?a=1&amp;b=2">Link</a></p>
<p><a href="http://around.{HOST}/"><font size="5"><b>Around</b></font></a></p>
<p><a href="http://picture.{HOST}/"><img src="cid:a@b" alt="Picture" width="60" height="60"></a></p>
<p><a xlink:href="http://xlink.{HOST}/" href="HTTP://xlink.{HOST}/">XLink</a></p>
<map name="m"><area href="http://area.{HOST}/" coords="0,0,60,60" alt="Area"></map>
<img usemap="#m" src="cid:c@d" alt="Map" width="60" height="60">
<form action="http://form.{HOST}/"><button>Form</button> Field</form>"""
TEXTS = ("Link", "Around", "XLink")
CONTROL_LINK = "href => document.body.prepend(Object.assign(document.createElement('a'), { href, textContent: 'C' }))"
COUNT = """types => {
  window.went = []
  for (const type of types)
    addEventListener(type, ({ target, defaultPrevented }) => {
      if (target.closest?.('a, area') && !defaultPrevented) window.went.push(`${type} ${target.textContent}`)
    })
}"""


async def _press_all(page: Page) -> None:
    editor = page.get_by_role("textbox", name="Message")
    for text in TEXTS:
        for button in ("left", "middle"):
            await editor.get_by_text(text, exact=True).click(button=button, delay=200)  # pyright: ignore[reportArgumentType] - a literal
    for picture in await editor.locator("img").all():
        await picture.click(delay=200)
        await picture.drag_to(editor.get_by_text("Words"))


@pytest.mark.parametrize("locked", [False, True])
async def test_no_link_of_a_quote_reaches_its_host_or_leads_away_where_a_draft_is_written(
    tmp_path: Path, origin: str, locked: bool
) -> None:
    """A browser looks up and dials the host of a link when it is pressed. A driven browser does not, so this one is
    started as people start it, and its log is searched."""
    log = tmp_path / "net-log.json"
    flags = [f"--log-net-log={log}", "--net-log-capture-mode=IncludeSensitive"]
    async with ordinary_chromium(tmp_path / "profile", *flags) as browser:
        context = browser.contexts[0]
        page = await context.new_page()
        await page.goto(f"{origin}/")
        await page.evaluate("args => edit(...args)", [LINKS, locked])
        await page.evaluate(COUNT, ["click", "auxclick", "dragstart"])
        opened = len(context.pages)
        await _press_all(page)
        assert await page.evaluate("window.went") == []
        assert (len(context.pages), page.url) == (opened, f"{origin}/")
        if not locked:
            await page.get_by_role("textbox", name="Message").get_by_text("Words").click()
            await page.keyboard.type("x")
            assert await until(page, "told().shown !== null")
            stored = (await page.evaluate("told()"))["shown"]
            assert f'<a href="http://link.{HOST}/?a=1&amp;b=2">Link</a>' in stored
            assert stored.count("<a ") == stored.lower().count(' href="http://') == 4
        # Otherwise nothing would be proved.
        await page.evaluate(CONTROL_LINK, f"http://{CONTROL}")
        await page.get_by_role("link", name="C").click(button="middle", delay=200)
    logged = log.read_text(errors="replace")
    assert CONTROL in logged
    assert HOST not in logged
