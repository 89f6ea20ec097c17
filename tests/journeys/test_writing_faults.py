"""While a message is sent, or a file of it is uploaded, the network is cut, and the tab is killed; one mail arrives,
and no word is lost. So it is at each other request: `web/tests/sending-faults.test.ts`."""

import asyncio
from collections.abc import Callable

from playwright.async_api import Browser, FilePayload, Request, Route, expect

from eventually import eventually
from mail_page import MailPage
from mail_person import Person
from other_program import mails_in, received
from trial import Trial
from writing_page import Window, begin, reader, writer

FILE = FilePayload(name="plan.pdf", mimeType="application/pdf", buffer=bytes(range(250)) * 400)


KEEPS_FILE = """async () => {
  const asked = (request) => new Promise((resolve) => (request.onsuccess = () => resolve(request.result)))
  for (const { name } of await indexedDB.databases()) {
    const database = await asked(indexedDB.open(name))
    const drafts = await asked(database.transaction("draft").objectStore("draft").getAll())
    database.close()
    if (drafts.some(({ draft }) => draft.files.length > 0)) return true
  }
  return false
}"""


async def cut(alice: MailPage, is_meant: Callable[[Request], bool], *, has_effect: bool) -> asyncio.Event:
    """From the first request that is meant on, nothing comes back; it may have an effect. Set once it was sent."""
    happened = asyncio.Event()

    async def meet(route: Route) -> None:
        if happened.is_set():
            await route.abort()
        elif not is_meant(route.request):
            await route.continue_()
        else:
            if has_effect:
                await route.fetch()
            # Not before: a browser whose tab is closed meanwhile lets the request itself through, too.
            happened.set()
            await route.abort()

    await alice.page.route("**/jmap/**", meet)
    return happened


async def killed(alice: MailPage, up: Trial, happened: asyncio.Event) -> MailPage:
    """Another tab of the same browser, after the one that was cut off is gone."""
    await asyncio.wait_for(happened.wait(), 30)
    other = MailPage(up, await alice.page.context.new_page(), alice.email.partition("@")[0])
    await alice.page.close(run_before_unload=False)
    await other.open("/mail")
    return other


async def left_once(own: Person, to: Person, subject: str) -> None:
    body = (await received(to, subject)).get_body(("plain",))
    assert body
    assert body.get_content().strip() == "Every word counts"

    async def is_over() -> bool:
        return [len(await mails_in(own, role, subject)) for role in ("sent", "drafts")] == [1, 0]

    await eventually(is_over, "it is in Sent, and no draft of it is left", 40)
    assert len(await mails_in(to, "inbox", subject)) == 1
    made = await own.call("EmailSubmission/get", ids=None, properties=["undoStatus"])
    assert [one["undoStatus"] for one in made["list"]].count("canceled") == len(made["list"]) - 1


async def test_of_a_message_whose_submission_never_arrived_the_person_decides_and_it_leaves_once(
    up: Trial, browser: Browser
) -> None:
    async with reader(up, "cut.to") as to, writer(up, browser, "cut.by") as (alice, own):
        window = await begin(alice, [to.address], "Cut", "Every word counts")
        await window.is_saved()
        happened = await cut(
            alice, lambda request: "EmailSubmission/set" in (request.post_data or ""), has_effect=False
        )
        await window.send()
        other = await killed(alice, up, happened)
        # Nothing tells that it did not leave.
        window = Window(other, "Cut")
        await expect(window.box.get_by_text("We do not know whether it left.")).to_be_visible(timeout=40_000)
        await window.button("Send again").click()
        await left_once(own, to, "Cut")
        assert other.errors == []


async def test_a_file_whose_upload_got_no_response_is_in_the_one_mail_that_arrives(up: Trial, browser: Browser) -> None:
    async with reader(up, "file.to") as to, writer(up, browser, "file.by", can_undo=False) as (alice, own):
        window = await begin(alice, [to.address], "With a plan", "Every word counts")
        await window.is_saved()
        happened = await cut(alice, lambda request: "/jmap/upload/" in request.url, has_effect=True)
        await alice.page.locator(".dock input[type=file]").last.set_input_files(FILE)
        await eventually(lambda: alice.page.evaluate(KEEPS_FILE), "this device keeps the draft with its file")
        other = await killed(alice, up, happened)
        window = Window(other, "With a plan")
        await expect(window.box.get_by_text("100 KB")).to_be_visible()
        await expect(window.text).to_have_text("Every word counts")
        await window.text.focus()
        await window.send()
        await left_once(own, to, "With a plan")
        (mail,) = await mails_in(to, "inbox", "With a plan")
        (file,) = mail.iter_attachments()
        assert file.get_content() == FILE["buffer"]
        assert other.errors == []
