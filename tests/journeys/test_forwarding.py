"""Forwarding a message as a file, and writing without formats."""

from playwright.async_api import Browser, expect

from other_program import received, send
from trial import Trial
from writing_page import Window, reader, writer


async def test_a_message_is_forwarded_as_the_file_that_it_is_and_formats_are_removed_after_a_question(
    up: Trial, browser: Browser
) -> None:
    async with (
        reader(up, "eml.dora") as dora,
        reader(up, "eml.bob") as bob,
        writer(up, browser, "eml.alice", can_undo=False) as (alice, _),
    ):
        await send(dora, alice.email, "Pallet 4", "It stands in bay 8.")
        await alice.row("Pallet 4").click()
        message = alice.message("It stands in bay 8.")
        await message.get_by_role("button", name="More", exact=True).last.click()
        await alice.page.get_by_role("menuitem", name="Forward as attachment", exact=True).click()
        window = Window(alice, "Fwd: Pallet 4")
        await expect(window.field("To")).to_be_focused()
        await expect(window.box.get_by_role("list", name="Attachments")).to_contain_text("Pallet 4.eml")
        await alice.page.keyboard.type(f"{bob.address},")
        await window.text.click()
        await alice.page.keyboard.type("Option B is ")
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
        mail = await received(bob, "Fwd: Pallet 4")
        assert mail.get_body(("html",)) is None
        body = mail.get_body(("plain",))
        assert body
        assert body.get_content().strip() == "Option B is uncoated."
        (file,) = mail.iter_attachments()
        assert file.get_filename() == "Pallet 4.eml"
        assert b"It stands in bay 8." in file.get_content()
