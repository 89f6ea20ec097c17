"""An hour offline, by keyboard alone: 30 actions wait, and become true when the network is back."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from playwright.async_api import Browser, expect

from eventually import eventually
from filled_inbox import fill_inbox
from mail_page import MailPage, mail_page
from mail_person import Person
from newcomer import newcomer
from sent_changes import SentChanges
from trial import Trial

ORDERS = 40
TALL = {"width": 1440, "height": 3600}
"""All rows are on the screen."""
CONFLICT = 17


@dataclass(frozen=True)
class Order:
    folder: str = "Inbox"
    read: bool = False
    starred: bool = False
    labels: frozenset[str] = frozenset()


@dataclass
class Offline:
    """What the person did, and what must come of it: `orders`, by number."""

    alice: MailPage
    actions: int = 0
    orders: dict[int, Order] = field(default_factory=lambda: {number: Order() for number in range(1, ORDERS + 1)})

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.alice.page.keyboard.press(key)

    async def is_at(self, number: int) -> None:
        focused = self.alice.page.locator(":focus")
        await expect(focused).to_have_accessible_name(re.compile(rf"\bOrder {number}\."))

    async def does(self, *keys: str, to: tuple[int, ...], at: int, **change: object) -> None:
        """The keys of one action that makes `change` true of the orders `to`. Afterwards the keyboard is at `at`."""
        await self.press(*keys)
        await self._did(to, at, **change)

    async def picks(self, key: str, name: str, *, to: tuple[int, ...], at: int, **change: object) -> None:
        """As `does`, by typing the name of a folder or a label."""
        await self.press(key)
        await expect(self.alice.page.get_by_role("combobox").and_(self.alice.page.locator(":focus"))).to_be_visible()
        await self.alice.page.keyboard.type(name)
        await self.press("Enter")
        await self._did(to, at, **change)

    async def _did(self, to: tuple[int, ...], at: int, **change: object) -> None:
        self.actions += 1
        self.orders |= {number: replace(self.orders[number], **change) for number in to}
        await self.is_at(at)
        for number in to:
            if self.orders[number].folder != "Inbox":
                await expect(self.alice.page.get_by_role("gridcell", name=f"Order {number}.")).to_have_count(0)


WAITING = frozenset({"waiting"})


async def does_30_actions(offline: Offline) -> None:
    does, picks, press = offline.does, offline.picks, offline.press
    await press("j", "j")
    await offline.is_at(40)
    await does("e", to=(40,), at=39, folder="Archive")
    await does("#", to=(39,), at=38, folder="Trash")
    await does("!", to=(38,), at=37, folder="Spam")
    await does("s", to=(37,), at=37, starred=True)
    await does("Shift+I", to=(37,), at=37, read=True)
    await press("j")
    await does("Shift+I", to=(36,), at=36, read=True)
    await does("Shift+U", to=(36,), at=36, read=False)
    await picks("v", "Receipts", to=(36,), at=35, folder="Receipts")
    await picks("l", "Waiting", to=(35,), at=35, labels=WAITING)
    await does("y", to=(35,), at=34, folder="Archive")
    await does("]", to=(34,), at=33, folder="Archive")
    await does("[", to=(33,), at=37, folder="Archive")
    await press("j")
    await does("x", "Shift+J", "Shift+J", "s", to=(32, 31, 30), at=30, starred=True)
    await does("*", "s", "Shift+I", to=(37, 32, 31, 30), at=30, read=True)
    await press("*", "r")
    await picks("l", "Waiting", to=(37, 32, 31, 30), at=30, labels=WAITING)
    await press("j")
    await does("e", to=(29,), at=28, folder="Archive")
    await does("z", to=(29,), at=28, folder="Inbox")
    await does("s", to=(28,), at=28, starred=True)
    await does("s", to=(28,), at=28, starred=False)
    await picks("l", "Waiting", to=(28,), at=28, labels=WAITING)
    await picks("l", "Waiting", to=(28,), at=28, labels=frozenset())
    await picks("v", "Trash", to=(28,), at=27, folder="Trash")
    await does("!", to=(27,), at=26, folder="Spam")
    await does("s", to=(26,), at=26, starred=True)
    await does("e", to=(26,), at=25, folder="Archive")
    await does("x", "Shift+J", "#", to=(25, 24), at=23, folder="Trash")
    await press("x", "Shift+J")
    await picks("v", "Receipts", to=(23, 22), at=21, folder="Receipts")
    await does("x", "Shift+J", "!", to=(21, 20), at=19, folder="Spam")
    await does("x", "Shift+J", "Shift+I", to=(19, 18), at=18, read=True)
    await press("j")
    await does("e", to=(CONFLICT,), at=16, folder="Archive")


async def orders_of(other: Person) -> dict[int, Order]:
    """As the mail server has them."""
    boxes: dict[str, str] = {box["id"]: box["name"] for box in (await other.call("Mailbox/get", ids=None))["list"]}
    names = {"Junk Mail": "Spam", "Junk": "Spam", "Deleted Items": "Trash"}
    ids = await other.query(filter={"subject": "Order"})
    emails = (await other.call("Email/get", ids=ids, properties=["subject", "mailboxIds", "keywords"]))["list"]
    assert len(emails) == ORDERS
    found: dict[int, Order] = {}
    for email in emails:
        (folder,) = (boxes[mailbox] for mailbox in email["mailboxIds"])
        words = email["keywords"]
        labels = frozenset(word for word in words if not word.startswith("$"))
        order = Order(names.get(folder, folder), "$seen" in words, "$flagged" in words, labels)
        found[int(email["subject"].removeprefix("Order "))] = order
    return found


async def orders_on_screen(alice: MailPage) -> dict[int, Order]:
    """Those in the inbox, by the names of their rows; none waits any more."""
    names = await alice.page.locator('[role="gridcell"] > .visually-hidden').all_text_contents()
    return {
        int(order[1]): Order(
            folder="nowhere yet" if "Waits for the connection" in name else "Inbox",
            read="Unread." not in name,
            starred="Starred." in name,
            labels=WAITING if "Label Waiting." in name else frozenset(),
        )
        for name in names
        if (order := re.search(r"\bOrder (\d+)\.", name))
    }


KEPT = """async () => {
  const done = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
  const { name } = (await indexedDB.databases()).find(({ name }) => name.startsWith('postroom-mail-'))
  const database = await done(indexedDB.open(name))
  // It waits for what is being written before it.
  const count = await done(database.transaction('outbox').objectStore('outbox').count())
  database.close()
  return count
}"""


@asynccontextmanager
async def at_her_mail(up: Trial, browser: Browser, name: str) -> AsyncIterator[tuple[MailPage, Person]]:
    """40 orders, a folder and a label; and another program of hers."""
    async with newcomer(up.environment, name) as owner, mail_page(up, browser, name, viewport=TALL) as alice:
        other = await owner.mail()
        await other.create("Mailbox", name="Receipts")
        labels = {"labels": [{"keyword": "waiting", "name": "Waiting", "colour": 1}]}
        stored = await owner.http.put("/api/settings", json=labels, headers={"If-None-Match": "*"})
        assert stored.status_code == 204, stored.text
        await fill_inbox(up, owner.email, ORDERS)
        await alice.page.clock.install()
        await alice.sign_in()
        await expect(alice.page.get_by_role("gridcell", name="Order 1.")).to_be_visible()
        await expect(alice.page.get_by_role("treeitem", name="Waiting")).to_be_visible()
        await expect(alice.button("Live")).to_be_visible()
        # What a choice of a folder needs is here once it was used.
        for key in ("g", "l"):
            await alice.page.keyboard.press(key)
        await expect(alice.page.get_by_role("combobox", name="Go to")).to_be_focused()
        await alice.page.keyboard.press("Escape")
        yield alice, other


async def test_30_actions_of_an_hour_off_line_are_done_once_when_the_network_is_back(
    up: Trial, browser: Browser
) -> None:
    async with at_her_mail(up, browser, "train.alice") as (alice, other):
        sent, offline = SentChanges(alice.page.context), Offline(alice)
        await alice.page.context.set_offline(True)
        await expect(alice.button("Offline")).to_be_visible()
        await does_30_actions(offline)
        assert offline.actions >= 30
        await expect(alice.text("It is done when you are back online.")).to_be_visible()
        await expect(alice.row("Order 37.")).to_contain_text("Waits for the connection")
        # Else the hour would pass while the browser writes, which then counts as no answer.
        assert await alice.page.evaluate(KEPT) > 0
        await alice.page.clock.fast_forward("01:00:00")
        await expect(alice.row("Order 37.")).to_contain_text("Waits for the connection")

        # Meanwhile another program of hers moved one of them.
        (moved,) = await other.query(filter={"subject": f"Order {CONFLICT}"})
        boxes = (await other.call("Mailbox/get", ids=None))["list"]
        (receipts,) = [box["id"] for box in boxes if box["name"] == "Receipts"]
        await other.update("Email", moved, mailboxIds={receipts: True})
        offline.orders[CONFLICT] = Order(folder="Receipts")
        assert sent.all == []

        await alice.page.context.set_offline(False)
        await expect(alice.text("Somebody else moved this conversation.")).to_be_visible()

        async def is_done() -> bool:
            return await orders_of(other) == offline.orders

        await eventually(is_done, "the mail server has what was done offline")
        inbox = {number: order for number, order in offline.orders.items() if order.folder == "Inbox"}

        async def is_shown() -> bool:
            return await orders_on_screen(alice) == inbox

        await eventually(is_shown, "the screen shows what the mail server has")
        await expect(alice.button("Live")).to_be_visible()
        assert set(sent.times().values()) == {1}
        archives = [box for box in (await other.call("Mailbox/get", ids=None))["list"] if box["role"] == "archive"]
        assert len(archives) == 1
