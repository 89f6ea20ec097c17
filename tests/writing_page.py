"""A window in which a person writes a message, in Chromium."""

import re
from collections.abc import Sequence
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default

from playwright.async_api import Locator, expect

from eventually import eventually
from mail_page import MailPage
from mail_person import Person

HELD = 12
"""Seconds for which the mail server holds what was sent a moment ago: it can be taken back for 10 of them."""


class Window:
    """The window whose subject is `subject`; by default one that has none yet."""

    def __init__(self, of: MailPage, subject: str = "New message") -> None:
        self.page = of.page
        self.of = of
        self.box = of.page.get_by_role("dialog", name=subject, exact=True)

    def named(self, subject: str) -> "Window":
        return Window(self.of, subject)

    def field(self, name: str) -> Locator:
        return self.box.get_by_role("textbox", name=name, exact=True).or_(
            self.box.get_by_role("combobox", name=name, exact=True)
        )

    @property
    def text(self) -> Locator:
        return self.field("Message")

    async def is_saved(self) -> None:
        """The mail server has all that was typed."""
        await expect(self.box.get_by_text(re.compile(r"^Saved \d\d:\d\d$"))).to_be_visible()

    async def is_kept(self) -> None:
        await expect(self.box.get_by_text("Kept on this device")).to_be_visible()

    async def is_gone(self) -> None:
        await expect(self.box).to_have_count(0)


async def begin(alice: MailPage, to: Sequence[str], subject: str, text: str) -> Window:
    """Write a new message, by keyboard alone."""
    keyboard = alice.page.keyboard
    await keyboard.press("c")
    window = Window(alice)
    await expect(window.field("To")).to_be_focused()
    for address in to:
        await keyboard.type(f"{address},")
    await window.field("Subject").focus()
    await keyboard.type(subject)
    window = window.named(subject)
    await window.text.focus()
    await keyboard.type(text)
    return window


async def mails_in(person: Person, role: str, subject: str) -> list[EmailMessage]:
    """As another program reads them."""
    mailbox, *_ = await person.query("Mailbox", filter={"role": role})
    found = await person.query(filter={"inMailbox": mailbox, "subject": subject})
    emails = await person.get("Email", *found, "", properties=["blobId"]) if found else []
    mails = []
    for email in emails:
        blob = await person.http.get(f"/jmap/download/{person.account}/{email['blobId']}/mail.eml?accept=message/rfc822")
        assert blob.status_code == 200, blob.text
        mails.append(BytesParser(policy=default).parsebytes(blob.content))
    return mails


async def received(person: Person, subject: str, within: float = 30) -> EmailMessage:
    """The one mail of this subject in the inbox, once it is there."""
    mails: list[EmailMessage] = []

    async def arrived() -> bool:
        mails[:] = await mails_in(person, "inbox", subject)
        return bool(mails)

    await eventually(arrived, f"{subject!r} reaches {person.address}", within)
    (mail,) = mails
    return mail
