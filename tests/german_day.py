"""A day of a person with a desk and a phone: the servers, both devices, and what is true of them after each journey."""

import re
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import httpx2
from playwright.async_api import async_playwright, expect

from eventually import eventually
from german_device import Device, device
from incoming_mail import send
from mail_host import MailHost, Service, mail_host
from mail_page import NARROW, WIDE
from mail_person import Person
from newcomer import OFFERED, newcomer
from servers import Database

ALICE = "alice"
PHONE = {"viewport": NARROW, "has_touch": True, "is_mobile": True}
_PREFIX = re.compile(r"^(Re: )+")

ASKS_AFTER = 2.0
"""Seconds."""

Row = tuple[bool, bool]
"""Whether a conversation is unread, and whether it has a star."""


@dataclass
class Day:
    host: MailHost
    desk: Device
    phone: Device
    bob: Person
    """somebody to write to, who reads in another program"""
    folder: Path
    service: Service
    own: Person | None = None
    """Alice's mail, as another program of hers sees it"""
    senders: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    """the subjects of what Alice wrote to Bob"""

    @property
    def devices(self) -> tuple[Device, Device]:
        return self.desk, self.phone

    @property
    def mail(self) -> Person:
        assert self.own
        return self.own

    async def delivers(self, subject: str, sender: str) -> None:
        """Mail of somebody who wrote no other one today: so each is told with a sentence of its own."""
        assert sender not in self.senders
        self.senders.append(sender)
        message = EmailMessage(policy=SMTP)
        local = sender.split()[0].lower()
        message["From"] = f"{sender} <{local}@papierwerk.example.com>"
        message["To"], message["Subject"] = self.desk.email, subject
        message["Message-ID"] = f"<{subject.replace(' ', '-')}@papierwerk.example.com>"
        message.set_content(f"Es geht um {subject}.")
        await send(self.host.stalwart.lmtp, self.desk.email, content=message.as_bytes())

    def away(self, away: bool) -> None:
        for each in self.devices:
            each.console.away = away

    async def are_live(self) -> None:
        """On the phone, the state is in the drawer while all is well."""
        await expect(self.desk.button("Live")).to_be_visible(timeout=60_000)
        await expect(self.phone.button("Jetzt versuchen")).to_have_count(0, timeout=60_000)

    async def restart(self, **settings: str) -> None:
        """Postroom, as another build if `settings` say so."""
        await self.service.stop()
        self.service = Service({**self.host.environment, **settings}, self.folder / "again.log")
        await self.service.start()

    async def inbox(self) -> dict[str, Row]:
        """As the mail server has it, by subject."""
        inbox, *_ = await self.mail.query("Mailbox", filter={"role": "inbox"})
        ids = await self.mail.query(filter={"inMailbox": inbox})
        emails = (await self.mail.call("Email/get", ids=ids, properties=["subject", "keywords"]))["list"]
        found: dict[str, Row] = {}
        for email in emails:
            subject, words = _PREFIX.sub("", email["subject"]), email["keywords"]
            unread, starred = found.get(subject, (False, False))
            found[subject] = (unread or "$seen" not in words, starred or "$flagged" in words)
        return found

    async def counts(self) -> dict[str, int]:
        """How many mails are in each mailbox that has some, by role."""
        boxes = (await self.mail.call("Mailbox/get", ids=None))["list"]
        return {box["role"]: box["totalEmails"] for box in boxes if box["totalEmails"]}

    async def agree(self) -> None:
        """Both devices show the inbox, as the mail server has it, once they are taken up."""
        for each in self.devices:
            asked = 0.0

            async def is_equal(each: Device = each) -> bool:
                nonlocal asked
                # Its answer may be older than what the other device has not sent yet.
                if time.monotonic() - asked > ASKS_AFTER:
                    await each.taken_up()
                    asked = time.monotonic()
                inbox = await self.inbox()
                return shown(await each.rows(), inbox) == inbox

            await eventually(is_equal, f"{each.name} shows {await self.inbox()}", 20)

    async def signed_in(self) -> None:
        """From now on, another program of hers looks at her mail, with the cookie of the desk."""
        url = self.host.environment["POSTROOM_URL"]
        cookies = {each.get("name", ""): each.get("value", "") for each in await self.desk.context.cookies()}
        http = httpx2.AsyncClient(base_url=url, trust_env=False, timeout=30, headers={"Origin": url}, cookies=cookies)
        session = (await http.get("/jmap/session")).raise_for_status().json()
        account = session["primaryAccounts"]["urn:ietf:params:jmap:mail"]
        self.own = Person(http, account, self.desk.email, using=OFFERED)

    def nothing_is_wrong(self) -> None:
        for name, each in (("desk", self.desk), ("phone", self.phone)):
            assert each.console.said == [], f"{name}: {each.console.said}"
            assert each.errors == [], f"{name}: {each.errors}"
            for sender in self.senders:
                found = [sentence for sentence in each.sentences if sender in sentence]
                assert len(found) <= 1, f"{name} was told twice: {found}"


def shown(names: list[str], inbox: dict[str, Row]) -> dict[str, Row]:
    """What rows of these names say; a row that is none of the inbox, or a second one, is there by its whole
    name."""
    found: dict[str, Row] = {}
    for name in names:
        subject = next((subject for subject in inbox if f" {subject}." in name and subject not in found), name)
        found[subject] = ("Ungelesen." in name, "Markiert." in name)
    return found


def repeated(sentences: list[str]) -> list[str]:
    return [sentence for sentence, times in Counter(sentences).items() if times > 1]


@asynccontextmanager
async def a_day(folder: Path, database: Database) -> AsyncIterator[Day]:
    async with (
        mail_host(folder, database, POSTROOM_PACE="0") as host,
        newcomer(host.environment, "bob") as owner,
        async_playwright() as playwright,
        device(playwright, folder / "desk", host, ALICE, viewport=WIDE) as desk,
        device(playwright, folder / "phone", host, ALICE, **PHONE) as phone,
    ):
        day = Day(host, desk, phone, await owner.mail(), folder, host.service)
        try:
            yield day
        finally:
            await day.service.stop()
            if day.own:
                await day.own.http.aclose()
