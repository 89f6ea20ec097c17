"""Writing on Cyrus, a mail server that holds no mail for Undo and keeps no record of what it sent."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from playwright.async_api import Browser, FilePayload, expect

from built_web import require_interface
from cyrus_front import CyrusFront, cyrus_front
from mail_page import mail_page
from mail_person import Person, message
from newcomer import newcomer
from other_program import received
from tests.missing import Missing, skip_without
from trial import Trial, running_trial
from writing_page import Window

USING = [f"urn:ietf:params:jmap:{name}" for name in ("core", "mail")]
FILE = FilePayload(name="Übersicht.pdf", mimeType="application/pdf", buffer=bytes(range(250)) * 1_200)


@pytest.fixture(scope="module")
async def front(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[CyrusFront]:
    """Without Cyrus the tests are skipped; in CI they fail, unless CI does without Cyrus."""
    require_interface()
    async with AsyncExitStack() as stack:
        try:
            front = await stack.enter_async_context(cyrus_front(tmp_path_factory.mktemp("cyrus")))
        except Missing as missing:
            skip_without("Cyrus", missing)
        yield front


@pytest.fixture(scope="module")
async def up(front: CyrusFront, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Trial]:
    async with running_trial(tmp_path_factory.mktemp("trial"), **front.settings) as started:
        yield started


async def test_mail_is_read_answered_kept_as_a_draft_after_undo_and_sent_with_a_file(
    front: CyrusFront, up: Trial, browser: Browser
) -> None:
    async with (
        newcomer(up.environment, "bob") as bobs,
        newcomer(up.environment, "alice") as owner,
        mail_page(up, browser, "alice") as alice,
    ):
        bob, _ = await bobs.mail(), await owner.mail()
        asked = message("Pallet 3", body="Where does it stand?\r\n").replace(b"sender@example.com", b"bob@example.org")
        front.deliver(alice.email, asked, bob.address)
        await alice.sign_in()
        await alice.row("Pallet 3").click()
        await expect(alice.message("Where does it stand?")).to_be_visible()
        await alice.page.keyboard.press("r")
        window = Window(alice, "Re: Pallet 3")
        await expect(window.text).to_be_focused()
        await alice.page.keyboard.type("In bay 7.")
        await window.send()
        await expect(alice.text(re.compile("^Sending to"))).to_be_visible()
        await alice.page.keyboard.press("z")
        await expect(window.text).to_be_visible()
        async with alice.page.expect_file_chooser() as chooser:
            await window.button("Attach files").click()
        await (await chooser.value).set_files(FILE)
        await expect(window.box.get_by_text("300 KB")).to_be_visible()
        await window.is_saved()
        await alice.page.keyboard.press("Escape")
        await alice.page.keyboard.press("g")
        await alice.page.keyboard.press("d")
        await alice.row("Re: Pallet 3").click()
        await expect(window.text).to_contain_text("In bay 7.")
        await window.text.focus()
        await window.send()
        mail = await received(Person(bob.http, bob.account, bob.address, USING), "Re: Pallet 3")
        (file,) = mail.iter_attachments()
        assert (file.get_filename(), file.get_content()) == (FILE["name"], FILE["buffer"])
        assert mail["in-reply-to"]
        await alice.page.keyboard.press("g")
        await alice.page.keyboard.press("t")
        await expect(alice.row("Re: Pallet 3")).to_have_count(1)
