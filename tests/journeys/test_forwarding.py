"""Forwarding a message, within the text and as a file; writing without formats."""

import re

from playwright.async_api import Browser, expect

from mail_page import MailPage
from other_program import received, send
from trial import Trial
from writing_page import Window, begin, reader, writer


async def menu(alice: MailPage, item: str) -> None:
    """Of the message that is read."""
    await alice.page.get_by_role("article").get_by_role("button", name="More", exact=True).last.click()
    await alice.page.get_by_role("menuitem", name=item, exact=True).click()


async def test_a_message_is_forwarded_within_the_text_with_who_wrote_it(up: Trial, browser: Browser) -> None:
    async with (
        reader(up, "fwd.dora") as dora,
        reader(up, "fwd.bob") as bob,
        writer(up, browser, "fwd.alice") as (alice, own),
    ):
        await send(dora, alice.email, "Pallet 3", "It stands in bay 7.")
        await alice.row("Pallet 3").click()
        await expect(alice.message("It stands in bay 7.")).to_be_visible()
        await alice.page.keyboard.press("f")
        window = Window(alice, "Fwd: Pallet 3")
        await expect(window.field("To")).to_be_focused()
        await alice.page.keyboard.type(f"{bob.address},")
        await window.text.click()
        await alice.page.keyboard.type("See below.")
        await alice.expect_no_violations()
        await window.send()
        mail = await received(bob, "Fwd: Pallet 3")
        body = mail.get_body(("plain",))
        assert body
        text = body.get_content()
        assert text.startswith("See below.")
        assert re.search(rf"Forwarded message.*{re.escape(dora.address)}.*It stands in bay 7\.", text, re.DOTALL)
        parent = await received(own, "Pallet 3")
        assert parent["message-id"] in (mail["references"] or "")


async def test_a_message_is_forwarded_as_the_file_that_it_is(up: Trial, browser: Browser) -> None:
    async with (
        reader(up, "eml.dora") as dora,
        reader(up, "eml.bob") as bob,
        writer(up, browser, "eml.alice") as (alice, _),
    ):
        await send(dora, alice.email, "Pallet 4", "It stands in bay 8.")
        await alice.row("Pallet 4").click()
        await expect(alice.message("It stands in bay 8.")).to_be_visible()
        await menu(alice, "Forward as attachment")
        window = Window(alice, "Fwd: Pallet 4")
        await expect(window.field("To")).to_be_focused()
        await expect(window.box.get_by_role("list", name="Attachments")).to_contain_text("Pallet 4.eml")
        await alice.page.keyboard.type(f"{bob.address},")
        await window.send()
        (file,) = (await received(bob, "Fwd: Pallet 4")).iter_attachments()
        assert file.get_filename() == "Pallet 4.eml"
        assert b"It stands in bay 8." in file.get_content()


async def test_a_message_in_plain_text_has_no_other_part_and_formats_are_asked_about_first(
    up: Trial, browser: Browser
) -> None:
    async with reader(up, "plain.bob") as bob, writer(up, browser, "plain.alice") as (alice, _):
        window = await begin(alice, [bob.address], "Plain", "Option B is ")
        await alice.page.keyboard.press("Control+b")
        await alice.page.keyboard.type("uncoated")
        await window.button("More").click()
        await alice.page.get_by_role("menuitem", name="Plain text").click()
        question = alice.page.get_by_role("dialog", name="Remove the formatting?")
        await alice.expect_no_violations()
        await question.get_by_role("button", name="Remove formatting").click()
        # A text with formats has no value, for which Playwright does not wait.
        await expect(window.button("Bold")).to_have_count(0)
        await expect(window.text).to_have_value("Option B is uncoated")
        await window.text.press("Control+End")
        await alice.page.keyboard.type(".")
        await alice.expect_no_violations()
        await window.send()
        mail = await received(bob, "Plain")
        assert mail.get_content_type() == "text/plain"
        assert mail.get_content().strip() == "Option B is uncoated."
