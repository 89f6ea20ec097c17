"""Each view at a phone's width and at a desk's, in both themes. POSTROOM_WRITE_DOCS=1 writes the README's pictures."""

import os
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from built_web import require_interface
from mail_page import NARROW, WIDE, MailPage, mail_page
from trial import Trial, running_trial
from writing_page import begin

PICTURES = Path(__file__).parent.parent.parent / "docs/pictures"
WRITES = os.environ.get("POSTROOM_WRITE_DOCS") == "1"
IN_THE_README = (
    "conversation-wide-light",
    "writing-wide-light",
    "filters-wide-dark",
    "preparing-wide-light",
    "inbox-phone-dark",
)
NAMES = {
    "wide-light": "alice",
    "wide-dark": "alice.brandt",
    "phone-light": "alice-brandt",
    "phone-dark": "alicebrandt",
}
SIZES: Mapping[str, Mapping[str, int]] = {"wide": WIDE, "phone": NARROW}


async def picture(page: MailPage, name: str) -> None:
    """Nothing is wider than the window; keep the picture for the README."""
    assert await page.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.page.mouse.move(0, 0)
    shot = await page.page.screenshot(animations="disabled")
    if WRITES and name in IN_THE_README:
        (PICTURES / f"{name}.png").write_bytes(shot)


async def writes(alice: MailPage) -> None:
    window = await begin(alice, ["Jonas Weber <jonas@birkenau.example.net>"], "Pallet 3: bay 7", "Hello Jonas,")
    for line in ("", "it is on the Thursday tour. Please call the carrier before", "9 o'clock: two of us can unload."):
        await alice.page.keyboard.press("Enter")
        await alice.page.keyboard.type(line)
    await window.is_saved()


async def makes_a_filter(alice: MailPage) -> None:
    await alice.open("/mail/settings/filters")
    await alice.button("New").click()
    for name, text in (("Name", "Harbour Bank"), ("Text", "harbour")):
        await alice.page.get_by_role("textbox", name=name, exact=True).fill(text)
    await alice.page.get_by_role("combobox", name="How", exact=True).select_option("contains")
    await alice.page.get_by_role("combobox", name="Folder", exact=True).select_option("Receipts")
    await expect(alice.text("Of your last")).to_be_visible()


@pytest.fixture(scope="module")
async def up(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Trial]:
    require_interface()
    folder = tmp_path_factory.mktemp("trial")
    async with running_trial(folder, POSTROOM_DELAY_FACTOR="0.5", POSTROOM_PACE="0") as up:
        yield up


@pytest.mark.long
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
async def test_views_fit_the_window(up: Trial, browser: Browser, size: str, scheme: str) -> None:
    async with mail_page(up, browser, NAMES[f"{size}-{scheme}"], viewport=SIZES[size], color_scheme=scheme) as alice:
        await alice.open("/sign-in")
        await expect(alice.button("Sign in")).to_be_visible()
        await picture(alice, f"sign-in-{size}-{scheme}")
        await up.postroom("sandbox", "fault", "fail", "--word", "alice")
        await alice.sign_up("Alice Brandt")
        await expect(alice.text("Attempt 2 in")).to_be_visible()
        await picture(alice, f"preparing-{size}-{scheme}")
        await up.postroom("sandbox", "fault", "off")
        await up.postroom("resume")
        code, output = await up.postroom("retry", alice.email)
        assert code == 0, output
        await alice.is_at("/mail")
        await up.postroom("sandbox", "fill", alice.email, "--mails", "200")
        await alice.page.reload()
        await expect(alice.row("Pallet 3 of the December order")).to_be_visible()
        if size == "phone":
            await picture(alice, f"inbox-{size}-{scheme}")
        await alice.row("Pallet 3 of the December order").click()
        await expect(alice.text("This may not be the Mara Lindqvist you know")).to_be_visible()
        await picture(alice, f"conversation-{size}-{scheme}")
        await alice.open("/mail")
        await expect(alice.row("Pallet 3 of the December order")).to_be_visible()
        await writes(alice)
        await picture(alice, f"writing-{size}-{scheme}")
        await alice.button("Save and close").click()
        await makes_a_filter(alice)
        await picture(alice, f"filters-{size}-{scheme}")
