"""A person whose mailbox is full of hostile mail, and the interface on it."""

import asyncio
import smtplib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Page

from eventually import eventually
from hostile_mail.corpus import CLASSES
from hostile_mail.mail import DOMAIN, HostileMail
from hostile_mail.opening import Way
from mail_person import Person
from newcomer import Newcomer, newcomer
from trial import Trial, running_trial

SESSION_MESSAGES = 10
"""The mail server takes no more in one session."""

TOGETHER = 8
"""Mails in a conversation, each of which is expanded when it is opened first."""

# What the page shows of the last message of so many: its frame with a height, its text, or a bar in its place.
_SHOWN = """async (count) => {
  const stateOf = (article) => {
    const frame = article.querySelector('iframe')
    if (frame) return frame.style.height ? 'frame' : ''
    if (article.querySelector('.text')) return 'text'
    return article.querySelector('.bar') ? 'bar' : ''
  }
  const end = performance.now() + 30_000  // ten megabytes, a busy machine; test_frame holds the 2 s
  while (performance.now() < end) {
    const closed = document.querySelectorAll('button.earlier, article:not(.expanded) button.fold')
    closed.forEach((button) => button.click())  // those that another reader has opened are read
    const states = [...document.querySelectorAll('article.expanded')].map(stateOf)
    if (states.length === count && states.every(Boolean)) return states.at(-1)
    await new Promise((again) => setTimeout(again, 20))
  }
  return ''
}"""
_FILE = (".expanded button.open", "dialog .stage :is(.room, .text, .none button)")
# As by a press of a row of the list. The router hears of clicks within the page.
_GO = """async (path) => {
  const before = document.querySelector('article.expanded')
  const link = Object.assign(document.createElement('a'), { href: path })
  document.querySelector('main').append(link)
  link.click()
  link.remove()
  while (before?.isConnected) await new Promise((again) => setTimeout(again, 10))
}"""
# The page around the mail: its landmarks, nothing that runs, no frame but ours.
_DAMAGE = """() => {
  const wrong = []
  if (!document.querySelector('nav') || !document.querySelector('main')) wrong.push('a landmark is gone')
  const foreign = document.querySelector('body object, body embed, body base, body meta, body form[action^="http"]')
  if (foreign) wrong.push(foreign.outerHTML)
  for (const frame of document.querySelectorAll('iframe'))
    if (frame.getAttribute('sandbox') !== 'allow-scripts') wrong.push('a frame without a sandbox')
  for (const element of document.querySelectorAll('body *'))
    for (const { name } of element.attributes) if (name.startsWith('on')) wrong.push(`${name} of ${element.nodeName}`)
  for (const picture of document.querySelectorAll('body img'))
    if (!/^(blob:|data:)/.test(picture.src)) wrong.push(`a picture ${picture.src}`)
  return wrong.join(', ')
}"""


@dataclass(frozen=True)
class _ByConversation(Way):
    """All mails of a conversation at once, by few readers: what one of them reads is marked in the pages of all."""

    threads: Mapping[str, str] = field(default_factory=dict[str, str])

    def groups(self, mails: Sequence[HostileMail]) -> tuple[list[Sequence[HostileMail]], list[Sequence[HostileMail]]]:
        together: dict[str, list[HostileMail]] = {}
        for mail in mails:
            together.setdefault(self.threads[mail.id], []).append(mail)
        return [*together.values()], []


@dataclass(frozen=True)
class HostileMailbox:
    """`threads`: where each mail lies. `refused`: what the mail server did not take, with its words."""

    origin: str
    person: Newcomer
    threads: dict[str, str]
    refused: dict[str, str]

    def way(self) -> Way:
        async def opened(page: Page, mails: Sequence[HostileMail]) -> Mapping[str, str]:
            thread = self.threads[mails[0].id]
            path = f"/mail/inbox/{thread}"
            # What a mail before it left open would take the press.
            if mails[0].needs_a_hand() or page.url in ("about:blank", self.origin + path):
                await page.goto(self.origin + path, wait_until="commit")
            else:
                await page.evaluate(_GO, path)
                await page.wait_for_url(self.origin + path, wait_until="commit")
            shown = await page.evaluate(_SHOWN, list(self.threads.values()).count(thread))
            return {mail.id: str(shown) for mail in mails}

        async def damage(page: Page) -> str:
            return str(await page.evaluate(_DAMAGE))

        return _ByConversation(
            self.origin, opened, "article iframe", _FILE, inspect=damage, patience=60, threads=self.threads
        )


@asynccontextmanager
async def hostile_mailbox(folder: Path, mails: Sequence[HostileMail]) -> AsyncIterator[HostileMailbox]:
    """The mails come by LMTP, as from anybody."""
    async with running_trial(folder, POSTROOM_PACE="0") as up, newcomer(up.environment, "alice") as person:
        await person.mail()
        contents = dict(_contents(mails, person.email))
        refused = await asyncio.to_thread(_deliver, await _lmtp(up), person.email, contents)
        mail = await person.mail()
        for name in refused:  # what LMTP does not carry may come by another way
            await mail.add(contents[name])
        threads = await _threads(mail, len(mails))
        yield HostileMailbox(up.environment["POSTROOM_URL"], person, threads, refused)


async def _lmtp(up: Trial) -> tuple[str, int]:
    host, _, port = (await up.stalwart())["lmtp"].rpartition(":")
    return host, int(port)


def _contents(mails: Sequence[HostileMail], to: str) -> Iterator[tuple[str, bytes]]:
    """Light mails lie together in conversations. What needs a hand or the processor, and what attacks by its fields,
    has one of its own."""
    light = 0
    for mail in mails:
        has_one = mail.needs_a_hand() or mail.is_heavy() or mail in CLASSES["headers"]
        yield mail.id, mail.delivered(DOMAIN, to, mail.id if has_one else f"together-{light // TOGETHER}")
        light += not has_one


def _deliver(lmtp: tuple[str, int], to: str, contents: Mapping[str, bytes]) -> dict[str, str]:
    """Returns the refusals."""
    refused: dict[str, str] = {}
    waiting = list(contents.items())
    for first in range(0, len(waiting), SESSION_MESSAGES):
        session = smtplib.LMTP(*lmtp, local_hostname="tests", timeout=60)
        for name, content in waiting[first : first + SESSION_MESSAGES]:
            try:
                session.sendmail("mallory@example.com", [to], content)
            except smtplib.SMTPResponseException as refusal:
                refused[name] = f"{refusal.smtp_code} {refusal.smtp_error!r}"
            except smtplib.SMTPServerDisconnected as gone:
                refused[name] = str(gone)
                session = smtplib.LMTP(*lmtp, local_hostname="tests", timeout=60)
        session.close()
    return refused


async def _threads(mail: Person, count: int) -> dict[str, str]:
    found: dict[str, str] = {}

    async def are_all_there() -> bool:
        ids = await mail.query(limit=5_000)
        for first in range(0, len(ids), 100):
            batch = ids[first : first + 100]
            got = await mail.call("Email/get", ids=batch, properties=["threadId", "header:X-Hostile:asText"])
            for email in got["list"]:
                if name := email["header:X-Hostile:asText"]:
                    found[name.strip()] = email["threadId"]
        return len(found) >= count

    await eventually(are_all_there, f"{count} mails", 30)
    return found
