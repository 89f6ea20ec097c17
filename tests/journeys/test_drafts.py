"""What becomes of a draft when the page, the network and the tab go at the wrong moment, in Chromium."""

from playwright.async_api import Browser, expect

from eventually import eventually
from mail_page import MailPage
from other_program import mails_in
from trial import Trial
from writing_page import Window, begin, writer

TO = "bob@example.org"


async def test_what_was_typed_outlives_a_reload_and_an_hour_offline_in_which_the_tab_is_killed(
    up: Trial, browser: Browser
) -> None:
    async with writer(up, browser, "reload.alice") as (alice, own):

        async def texts() -> list[str]:
            mails = await mails_in(own, "drafts", "On the train")
            return [body.get_content().strip() for mail in mails if (body := mail.get_body(("plain",)))]

        await begin(alice, [TO], "On the train", "Before the tun")
        # No pause: neither this device nor the mail server had time to store it.
        await alice.page.reload()
        window = Window(alice, "On the train")
        await expect(window.text).to_have_text("Before the tun")
        await expect(window.box.get_by_role("button", name=TO, exact=True)).to_be_visible()
        await window.text.click()
        await alice.page.keyboard.press("Control+End")
        await alice.page.keyboard.type("nel.")
        await window.is_saved()

        await alice.loses_the_network()
        await alice.page.keyboard.type(" In it.")
        await window.is_kept()
        await alice.page.keyboard.press("Escape")
        await window.is_gone()
        await alice.page.keyboard.press("g")
        await alice.page.keyboard.press("d")
        kept = alice.page.get_by_role("list", name="On this device only").get_by_role("button")
        await expect(kept).to_contain_text("Kept on this device")
        await alice.expect_no_violations()
        await kept.press("Enter")
        await expect(window.text).to_have_text("Before the tunnel. In it.")
        assert await texts() == ["Before the tunnel."]

        # The tab goes in the tunnel: nothing but this device has the last words.
        await alice.page.close(run_before_unload=False)
        await alice.page.context.set_offline(False)
        other = MailPage(up, await alice.page.context.new_page(), "reload.alice")
        await other.open("/mail")
        await expect(Window(other, "On the train").text).to_have_text("Before the tunnel. In it.")

        async def is_stored() -> bool:
            return await texts() == ["Before the tunnel. In it."]

        await eventually(is_stored, "the mail server has all of it, once", 20)
