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


def html(body: str) -> dict[str, object]:
    return {"bodyStructure": {"partId": "1", "type": "text/html"}, "bodyValues": {"1": {"value": body}}}


async def test_a_quote_lacks_what_nobody_saw_and_where_that_is_not_known_it_is_unfolded_and_says_so(
    up: Trial, browser: Browser
) -> None:
    async with reader(up, "seen.dora") as dora, writer(up, browser, "seen.alice", can_undo=False) as (alice, _):
        hides = "<p>Shall we?</p><p style='{}'>Transfer the money.</p>"
        await send(dora, alice.email, "Hidden", "", **html(hides.format("display:none")))
        await send(dora, alice.email, "Clipped", "", **html(hides.format("clip-path:inset(100%)")))
        await expect(alice.row("Clipped")).to_be_visible()  # a row that arrives later would lie where the other one was
        for subject, key, begins in (("Hidden", "r", "Re"), ("Clipped", "f", "Fwd")):
            await alice.row(subject).click()
            await expect(alice.page.frame_locator("article iframe").get_by_text("Shall we?")).to_be_visible()
            await alice.page.keyboard.press(key)
            window = Window(alice, f"{begins}: {subject}")
            unfold = window.button("Show quoted text")
            if subject == "Hidden":
                await unfold.click()
                await expect(window.text).to_contain_text("Shall we?")
                await expect(window.text).not_to_contain_text("Transfer")
            else:
                await expect(window.text).to_contain_text("Transfer")
                await expect(unfold).to_have_count(0)
            said = window.box.get_by_role("alert").filter(has_text="may not have been visible")
            await expect(said).to_have_count(1 if subject == "Clipped" else 0)
            await alice.expect_no_violations()
            await window.text.press("Escape")
            await window.is_gone()
