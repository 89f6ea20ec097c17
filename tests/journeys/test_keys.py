"""A key hits what is selected, else what has the ring, else what is open, while mail comes and goes, and windows open
and close, in Chromium on a processor that is fast or slow. Without a browser: web/tests/random-keys.test.ts."""

import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, expect

from eventually import eventually
from mail_page import MailPage
from mail_person import Person, message
from trial import Trial
from writing_page import writer

ROWS = 8
"""All of them are drawn."""

SEEN = """() => {
  const threadOf = (element) => element?.closest('[data-thread]')?.dataset.thread
  const threads = (of) => [...document.querySelectorAll(of)].map(threadOf)
  const ring = threadOf(document.activeElement) ?? threads('.row.current')[0]
  const selected = threads('[role="row"][aria-selected="true"]')
  const open = threads('[role="row"][aria-current="true"]')[0]
  const listed = threads('[data-thread]')
  const reading = document.querySelector('.page.reading') !== null
  return { seen: selected.length > 0 ? selected : [ring ?? open].filter(Boolean), listed, ring: ring ?? null, reading }
}"""
"""By which a person knows on what a key will act. `reading`: a conversation is open, if only in the reader."""

STARS = f"""async () => {{
  const starred = () => {{
    const rows = [...document.querySelectorAll('[data-thread]')]
    return new Map(rows.map((row) => [row.dataset.thread, /\\bStarred\\./.test(row.textContent)]))
  }}
  const changed = (from, to) => [...from.keys()].filter((id) => to.has(id) && to.get(id) !== from.get(id))
  const {{ seen }} = ({SEEN})()
  const before = starred()
  const key = new KeyboardEvent('keydown', {{ key: 's', bubbles: true, cancelable: true }})
  document.activeElement.dispatchEvent(key)
  for (let turn = 0; turn < 10; turn += 1) await null
  const after = starred()
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
  return {{ seen, hit: changed(before, after), later: changed(after, starred()) }}
}}"""
"""`hit`: in one turn of the page, in which nothing comes from the mail server. `later`: a moment afterwards."""


class Hands:
    """A person at a keyboard, and another program of theirs."""

    def __init__(self, alice: MailPage, other: Person, inbox: str, archive: str, dice: random.Random) -> None:
        self.alice = alice
        self.other = other
        self.inbox = inbox
        self.archive = archive
        self.dice = dice
        self.did: Counter[str] = Counter()
        """A run in which no key did anything proves nothing."""

    async def sees(self) -> dict[str, Any]:
        seen: dict[str, Any] = await self.alice.page.evaluate(SEEN)
        return seen

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.alice.page.keyboard.press(key)

    async def arrives(self) -> None:
        await self.other.add(message(f"Order {self.dice.randrange(1_000)}"), self.inbox)

    async def leaves(self) -> None:
        found = await self.other.query(filter={"inMailbox": self.inbox})
        if len(found) > ROWS // 2:
            await self.other.update("Email", self.dice.choice(found), mailboxIds={self.archive: True})

    async def stars(self) -> None:
        if await self.alice.page.locator("dialog[open]").count():
            return
        outcome: dict[str, Any] = await self.alice.page.evaluate(STARS)
        assert set(outcome["hit"]) <= set(outcome["seen"]), outcome
        assert not outcome["later"], f"no key did it: {outcome}"
        self.did["hits"] += len(outcome["hit"])

    async def moves(self, key: str) -> None:
        before = await self.sees()
        await self.press(key)
        self.did["moves"] += (await self.sees())["ring"] != before["ring"]

    async def opens(self, key: str, over: Locator) -> None:
        await self.press(key)
        try:
            await expect(over).not_to_have_count(0, timeout=5_000)
        except AssertionError:
            # It was pressed for a conversation that left before the page came to it.
            if key not in ("r", "v"):
                raise
            await self.press(key)
            await expect(over).not_to_have_count(0)

    async def opens_and_closes(self) -> None:
        """A window, or a dialog; while it is open, mail may come and go."""
        before = await self.sees()
        key = self.dice.choice(["r", "c", "?", "v"])
        if key == "r" and not before["reading"]:
            return  # there is nothing to reply to
        if key == "v" and not before["seen"]:
            await self.press("j")
            before = await self.sees()
        over = self.alice.page.locator(".window, dialog[open]")
        await self.opens(key, over)
        self.did["opened"] += 1
        for _ in range(self.dice.randrange(3)):
            await self.dice.choice([self.arrives, self.leaves])()
        await self.press("Escape")
        try:
            await expect(over).to_have_count(0, timeout=2_000)
        except AssertionError:
            # The first one ended what was proposed in a field.
            await self.press("Escape")
            await expect(over).to_have_count(0)

        async def is_back() -> bool:
            after = await self.sees()
            stays = [thread for thread in before["seen"] if thread in after["listed"]]
            return after["seen"] == before["seen"] or not stays

        # A moment after the window is gone. Until then, no key acts on anything.
        await eventually(is_back, f"what was seen before {key} is seen again: {before['seen']}")

    async def tidies(self) -> None:
        """As many rows as are drawn at once."""
        found = await self.other.query(filter={"inMailbox": self.inbox})
        if len(found) > ROWS:
            await self.other.call("Email/set", destroy=found[ROWS:])

    async def order(self) -> None:
        """Of a few things that a person does, some of them in a hurry."""
        steps: list[Callable[[], Awaitable[None]]] = [
            *[self.arrives, self.leaves, self.opens_and_closes, self.stars, self.stars],
            *[lambda key=key: self.moves(key) for key in ("j", "k")],
            *[lambda key=key: self.press(key) for key in ("Enter", "u", "x", "Escape", "z")],
            lambda: self.press("j", "j", "r", "Escape"),
        ]
        for _ in range(10):
            await self.dice.choice(steps)()
        await self.press("Escape", "Escape")
        await self.stars()
        # What is destroyed while it is open can be replied to no more.
        await self.press("u")
        await self.tidies()


async def try_orders(up: Trial, browser: Browser, speed: int, seeds: range) -> None:
    async with writer(up, browser, f"keys{speed}x{len(seeds)}.alice") as (alice, other):
        (inbox,) = await other.query("Mailbox", filter={"role": "inbox"})
        (archive,) = await other.query("Mailbox", filter={"role": "archive"}) or [
            (await other.create("Mailbox", name="Away", parentId=None))["id"]
        ]
        for number in range(ROWS):
            await other.add(message(f"Order {number}"), inbox)
        await expect(alice.row(f"Order {ROWS - 1}")).to_be_visible()
        processor = await alice.page.context.new_cdp_session(alice.page)
        await processor.send("Emulation.setCPUThrottlingRate", {"rate": speed})
        did: Counter[str] = Counter()
        for seed in seeds:
            hands = Hands(alice, other, inbox, archive, random.Random(seed))
            try:
                await hands.order()
            except AssertionError as fault:
                raise AssertionError(f"with seed {seed} at speed {speed}") from fault
            did += hands.did
        assert all(did[what] for what in ("hits", "moves", "opened")), did
        if speed > 1:
            # On a busy machine the device then may not answer within 5 s, and the page says so.
            alice.errors[:] = [error for error in alice.errors if error != "no answer"]


@pytest.mark.parametrize("speed", [1, 8])
async def test_a_key_hits_what_is_seen_in_a_few_random_orders(up: Trial, browser: Browser, speed: int) -> None:
    await try_orders(up, browser, speed, range(3))


@pytest.mark.long
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("speed", [1, 8])
async def test_a_key_hits_what_is_seen_in_many_random_orders(up: Trial, browser: Browser, speed: int) -> None:
    await try_orders(up, browser, speed, range(200))
