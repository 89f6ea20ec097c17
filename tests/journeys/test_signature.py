"""A message that holds a signature alone, in Chromium, at a desk and on a phone."""

from typing import Any

import pytest
from playwright.async_api import Browser, expect

from mail_page import NARROW
from trial import Trial
from writing_page import Window, writer

DEVICES: dict[str, dict[str, Any]] = {
    "desk": {},
    "phone": {"viewport": NARROW, "has_touch": True, "is_mobile": True},
}


def signature(line: str) -> str:
    return f'<div data-signature=""><div>Ida Ent</div><div>{line}</div></div>'


@pytest.mark.parametrize("device", DEVICES)
async def test_what_is_typed_goes_above_it_wherever_the_text_is_pressed(
    up: Trial, browser: Browser, device: str
) -> None:
    async with writer(up, browser, f"signed.{device}", **DEVICES[device]) as (alice, person):
        identity, *_ = (await person.call("Identity/get", ids=None))["list"]
        assert await person.update("Identity", identity["id"], textSignature="Ida Ent\nPaper and ink") == {}
        await alice.page.reload()
        await expect(alice.row("Welcome to your new mailbox")).to_be_visible()
        await alice.button("Compose").last.click()
        window = Window(alice)
        await expect(window.text).to_contain_text("Paper and ink")
        await window.text.get_by_text("Paper and ink").click()
        await alice.page.keyboard.type("Dear Bob")
        assert await window.text.inner_html() == f"<div>Dear Bob</div><div><br></div>{signature('Paper and ink')}"
        # Whoever presses there again wants to change it.
        await window.text.get_by_text("Paper and ink").click()
        await alice.page.keyboard.press("End")
        await alice.page.keyboard.type("!")
        assert await window.text.inner_html() == f"<div>Dear Bob</div><div><br></div>{signature('Paper and ink!')}"
