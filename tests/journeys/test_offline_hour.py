"""An hour offline, by keyboard alone: what is done waits, and becomes true when the network is back."""

import re

from playwright.async_api import Browser, expect

from eventually import eventually
from filled_inbox import fill_inbox
from mail_page import mail_page
from mail_person import Person
from newcomer import newcomer
from sent_changes import SentChanges
from trial import Trial

ORDERS = 8

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


async def orders_of(other: Person) -> dict[str, set[str]]:
    """As the mail server has them: the folder, and the keywords."""
    boxes: dict[str, str] = {box["id"]: box["role"] or box["name"] for box in await mailboxes(other)}
    ids = await other.query(filter={"subject": "Order"})
    emails = (await other.call("Email/get", ids=ids, properties=["subject", "mailboxIds", "keywords"]))["list"]
    return {email["subject"]: {*(boxes[each] for each in email["mailboxIds"]), *email["keywords"]} for email in emails}


async def mailboxes(other: Person) -> list[dict[str, str]]:
    return (await other.call("Mailbox/get", ids=None))["list"]


async def test_what_is_done_in_an_hour_offline_waits_and_is_done_once_when_the_network_is_back(
    up: Trial, browser: Browser
) -> None:
    async with newcomer(up.environment, "train.alice") as owner, mail_page(up, browser, "train.alice") as alice:
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

        async def does(at: int, *keys: str, picks: str = "") -> None:
            """The keyboard is at that order first."""
            await expect(alice.page.locator(":focus")).to_have_accessible_name(re.compile(rf"\bOrder {at}\."))
            for key in keys:
                await alice.page.keyboard.press(key)
            if picks:
                await expect(alice.page.get_by_role("combobox").and_(alice.page.locator(":focus"))).to_be_visible()
                await alice.page.keyboard.type(picks)
                await alice.page.keyboard.press("Enter")

        sent = SentChanges(alice.page.context)
        await alice.page.context.set_offline(True)
        await expect(alice.button("Offline")).to_be_visible()
        for _ in range(2):
            await alice.page.keyboard.press("j")
        await does(8, "e")
        await does(7, "#")
        await does(6, "v", picks="Receipts")
        await does(5, "l", picks="Waiting")
        await does(5, "s", "j")
        await does(4, "x", "Shift+J", "Shift+I", "Escape")
        await does(3, "e")
        await does(2, "z", "e")
        await does(1, "s")
        await expect(alice.text("It is done when you are back online.")).to_be_visible()
        # Else the hour would pass while the browser writes, which then counts as no answer.
        assert await alice.page.evaluate(KEPT) > 0
        await alice.page.clock.fast_forward("01:00:00")
        await expect(alice.row("Order 5.")).to_contain_text("Waits for the connection")

        # Meanwhile another program of hers moved one of them.
        (moved,) = await other.query(filter={"subject": "Order 8"})
        (receipts,) = [box["id"] for box in await mailboxes(other) if box["name"] == "Receipts"]
        await other.update("Email", moved, mailboxIds={receipts: True})
        assert sent.all == []

        await alice.page.context.set_offline(False)
        await expect(alice.text("Somebody else moved this conversation.")).to_be_visible()
        done = {
            "Order 8": {"Receipts"},
            "Order 7": {"trash"},
            "Order 6": {"Receipts"},
            "Order 5": {"inbox", "waiting", "$flagged"},
            "Order 4": {"inbox", "$seen"},
            "Order 3": {"inbox", "$seen"},
            "Order 2": {"archive"},
            "Order 1": {"inbox", "$flagged"},
        }

        async def is_done() -> bool:
            return await orders_of(other) == done

        await eventually(is_done, "the mail server has what was done offline")
        rows = alice.page.locator('[role="gridcell"] > .visually-hidden')
        inbox = [r"Order 5\.", r"Order 4\.", r"Order 3\.", r"Order 1\."]
        await expect(rows).to_contain_text([re.compile("Welcome"), *map(re.compile, inbox)])
        await expect(rows).to_have_count(1 + len(inbox))
        await expect(rows.filter(has_text="Waits for the connection")).to_have_count(0)
        await expect(alice.button("Live")).to_be_visible()
        assert set(sent.times().values()) == {1}
        assert [box["role"] for box in await mailboxes(other)].count("archive") == 1
