"""Ten points of the way from the first letter to Sent: there the network is cut, before the request has an effect or
after it, and the tab is killed. One mail arrives, and no word is lost."""

import asyncio
import re
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, FilePayload, Page, Request, Route, expect

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


class Cut:
    """Of one request for `what`, nothing comes back; nothing else goes through afterwards."""

    def __init__(self, page: Page, what: str, when: str) -> None:
        self._page = page
        self._what = what
        self._when = when
        self.happened = asyncio.Event()
        self._is_cut = False

    async def arm(self) -> None:
        await self._page.route("**/jmap/**", self._meet)

    async def _meet(self, route: Route) -> None:
        if self._is_cut:
            await route.abort()
        elif not self._is_meant(route.request):
            await route.continue_()
        else:
            self._is_cut = True
            if self._when == "after":
                await route.fetch()
            # Not before: a browser whose tab is closed meanwhile lets the request itself through, too.
            self.happened.set()
            await route.abort()

    def _is_meant(self, request: Request) -> bool:
        if self._what == "upload":
            return urlsplit(request.url).path.startswith("/jmap/upload/")
        body = request.post_data or ""
        # Email/set also marks what was read.
        return f'"{self._what}"' in body and '"create"' in body


async def killed_at(cut: Cut, alice: MailPage, up: Trial) -> MailPage:
    """Another tab of the same browser, after the one that was cut off is gone."""
    await asyncio.wait_for(cut.happened.wait(), 30)
    other = MailPage(up, await alice.page.context.new_page(), alice.email.partition("@")[0])
    await alice.page.close(run_before_unload=False)
    await other.open("/mail")
    return other


async def sends(other: MailPage, subject: str, text: str) -> None:
    """What was written is there in the other tab, and leaves."""
    window = Window(other, subject)
    await expect(window.text).to_have_text(text)
    await window.text.focus()
    await window.send()


async def left_once(own: Person, to: Person, subject: str, text: str) -> None:
    mail = await received(to, subject)
    body = mail.get_body(("plain",))
    assert body
    assert text in body.get_content()

    async def is_over() -> bool:
        places = [len(await mails_in(own, role, subject)) for role in ("sent", "drafts")]
        return places == [1, 0]

    await eventually(is_over, "it is in Sent, and no draft of it is left", 40)
    assert len(await mails_in(to, "inbox", subject)) == 1
    made = await own.call("EmailSubmission/get", ids=None, properties=["undoStatus"])
    assert [one["undoStatus"] for one in made["list"]].count("canceled") == len(made["list"]) - 1


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("point", ["first version", "next version", "final version", "submission", "upload"])
async def test_one_mail_arrives_and_no_word_is_lost(up: Trial, browser: Browser, point: str, when: str) -> None:
    number = f"{point[:4].strip()}.{when}"
    subject = f"Cut {number}"
    async with reader(up, f"to.{number}") as to, writer(up, browser, f"by.{number}") as (alice, own):
        what = {"submission": "EmailSubmission/set", "upload": "upload"}.get(point, "Email/set")
        cut = Cut(alice.page, what, when)
        if point == "first version":
            await cut.arm()
        window = await begin(alice, [to.address], subject, "Every word")
        text = "Every word counts"
        if point == "first version":
            await alice.page.keyboard.type(" counts")
        else:
            await window.is_saved()
            await expect(window.text).to_be_focused()
            if point != "next version":
                await alice.page.keyboard.type(" counts")
                await expect(window.box.get_by_text(re.compile("^Saved "))).to_be_hidden()
                await window.is_saved()
            await cut.arm()
            if point == "next version":
                await alice.page.keyboard.type(" counts")
            elif point == "upload":
                await alice.page.locator(".dock input[type=file]").last.set_input_files(FILE)
                await eventually(lambda: alice.page.evaluate(KEEPS_FILE), "this device keeps the draft with its file")
            else:
                await window.send()
        other = await killed_at(cut, alice, up)
        if point not in ("final version", "submission"):
            if point == "upload":
                await expect(Window(other, subject).box.get_by_text("100 KB")).to_be_visible()
            await sends(other, subject, text)
        elif (point, when) == ("submission", "before"):
            # Nothing tells that it did not leave: the person decides.
            window = Window(other, subject)
            await expect(window.box.get_by_text("We do not know whether it left.")).to_be_visible(timeout=40_000)
            await window.button("Send again").click()
        await left_once(own, to, subject, text)
        if point == "upload":
            (mail,) = await mails_in(to, "inbox", subject)
            (file,) = mail.iter_attachments()
            assert file.get_content() == FILE["buffer"]
        assert other.errors == []
