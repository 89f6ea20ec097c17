"""Filters and the reply while away: made in the settings, carried out by the mail server."""

import asyncio
import re
import smtplib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage

from playwright.async_api import Browser, Locator, Route, expect

from eventually import eventually
from mail_page import MailPage, mail_page
from mail_person import Person
from newcomer import newcomer
from trial import Trial


async def send(up: Trial, to: str, sender: str, subject: str, **headers: str) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(f"About {subject}")
    host, _, port = (await up.stalwart())["lmtp"].rpartition(":")
    with smtplib.LMTP(host, int(port), local_hostname="tests", timeout=30) as session:
        session.sendmail(sender, [to], message.as_bytes())


@asynccontextmanager
async def person(up: Trial, browser: Browser, name: str, **context: object) -> AsyncIterator[tuple[MailPage, Person]]:
    async with newcomer(up.environment, name) as owner, mail_page(up, browser, name, **context) as page:
        mail = await owner.mail()
        await page.sign_in()
        await expect(page.row("Welcome to your new mailbox")).to_be_visible()
        yield page, mail


async def scripts(mail: Person) -> dict[str, bool]:
    found = (await mail.call("SieveScript/get", ids=None))["list"]
    return {each["name"]: each["isActive"] for each in found}


async def subjects(mail: Person, mailbox: str) -> list[str]:
    ids = await mail.query("Email", filter={"inMailbox": mailbox})
    found = (await mail.call("Email/get", ids=ids, properties=["subject"]))["list"]
    return sorted(each["subject"] for each in found)


def named(page: MailPage, role: str, name: str) -> Locator:
    return page.page.get_by_role(role, name=name, exact=True)  # pyright: ignore[reportArgumentType] - a role


async def open_section(page: MailPage, name: str) -> None:
    await page.open(f"/mail/settings/{name}")


async def make(page: MailPage, name: str, value: str, folder: str) -> None:
    """A filter for mail from that address."""
    await page.button("New").click()
    await named(page, "textbox", "Name").fill(name)
    await named(page, "textbox", "Text").fill(value)
    await named(page, "combobox", "Folder").select_option(folder)
    await page.button("Save filter").click()
    await expect(page.text("The mail server accepts this script")).to_be_visible()


async def test_a_filter_made_from_a_message_sorts_what_comes_and_what_is_there(up: Trial, browser: Browser) -> None:
    async with person(up, browser, "filter.alice") as (alice, mail):
        folder = (await mail.create("Mailbox", name="Paper"))["id"]
        inbox = (await mail.query("Mailbox", filter={"role": "inbox"}))[0]
        for number in (1, 2):
            await send(up, alice.email, "Mara <mara@papierwerk.example.com>", f"Pallet {number} of the December order")
        await alice.row("Pallet 2").first.click()
        await alice.message("About Pallet 2").get_by_role("button", name="More", exact=False).last.click()
        await alice.page.get_by_role("menuitem", name="Filter messages like this").click()

        await alice.is_at("/mail/settings/filters")
        await expect(named(alice, "textbox", "Name")).to_have_value("Mara")
        await expect(named(alice, "textbox", "Text")).to_have_value("mara@papierwerk.example.com")
        await named(alice, "checkbox", "Subject contains December").check()
        await expect(named(alice, "textbox", "Text")).to_have_count(2)
        await expect(alice.text("Of your last 3 messages, 2 match")).to_be_visible()
        await named(alice, "combobox", "Folder").select_option("Paper")
        await alice.expect_no_violations()
        await named(alice, "checkbox", "Also do it to these 2 now").check()
        await alice.button("Save filter").click()
        await expect(alice.text("Filter saved, and 2 messages sorted")).to_be_visible()
        await eventually_subjects(mail, folder, ["Pallet 1 of the December order", "Pallet 2 of the December order"])

        # It is taken back; what comes from now on is sorted all the same.
        await alice.page.keyboard.press("z")
        await eventually_subjects(mail, folder, [])
        await send(up, alice.email, "Mara <mara@papierwerk.example.com>", "Another December order")
        await send(up, alice.email, "Mara <mara@papierwerk.example.com>", "Lunch")
        await eventually_subjects(mail, folder, ["Another December order"])
        assert "Lunch" in await subjects(mail, inbox)

        # Its folder is gone: it says so, and its mail stays in the Inbox.
        await mail.call("Mailbox/set", destroy=[folder], onDestroyRemoveEmails=True)
        await send(up, alice.email, "Mara <mara@papierwerk.example.com>", "A third December order")
        await eventually_subjects(mail, inbox, None, "A third December order")
        await open_section(alice, "filters")
        await expect(alice.text("Its folder is gone, so this mail stays in the Inbox.")).to_be_visible()


async def eventually_subjects(mail: Person, mailbox: str, wanted: list[str] | None, one: str = "") -> None:
    async def are() -> bool:
        found = await subjects(mail, mailbox)
        return one in found if wanted is None else found == wanted

    await eventually(are, f"{wanted or one} in the folder", 20)


async def own_script(mail: Person) -> dict[str, str]:
    found = (await mail.call("SieveScript/get", ids=None))["list"]
    (own,) = [each for each in found if each["name"] == "postroom"]
    return own


async def script_of(mail: Person) -> str:
    blob_id = (await own_script(mail))["blobId"]
    answer = await mail.http.get(f"/jmap/download/{mail.account}/{blob_id}/x?accept=text/plain")
    return answer.text.replace("\r\n", "\n")


async def test_filters_are_ordered_switched_and_removed_by_keyboard_and_change_nothing_that_another_device_did(
    up: Trial, browser: Browser
) -> None:
    async with person(up, browser, "filter.bob") as (bob, mail):
        await mail.create("Mailbox", name="Reading")
        await open_section(bob, "filters")
        await expect(bob.text("No filters. Make one from a message, or here.")).to_be_visible()
        await bob.expect_no_violations()

        # What is typed while a filter is saved stays.
        typed = asyncio.Event()

        async def hold(route: Route) -> None:
            if "SieveScript/validate" in (route.request.post_data or ""):
                await typed.wait()
            await route.continue_()

        await bob.page.route("**/jmap/**", hold)
        await bob.button("New").click()
        await named(bob, "textbox", "Text").fill("first@example.com")
        await named(bob, "combobox", "Folder").select_option("Reading")
        await bob.button("Save filter").click()
        await named(bob, "textbox", "Name").fill("First")
        typed.set()
        await expect(bob.page.get_by_text("Filter saved", exact=True)).to_be_visible()
        await expect(named(bob, "textbox", "Name")).to_have_value("First")
        assert '"name":"First"' not in await script_of(mail)
        await bob.page.unroute("**/jmap/**")
        await bob.button("Save filter").click()

        async def written() -> list[str]:
            return re.findall(r"^# (First|Second|Third)$", await script_of(mail), re.MULTILINE)

        async def eventually_written(*names: str) -> None:
            async def is_written() -> bool:
                return await written() == [*names]

            await eventually(is_written, f"{names} at the mail server", 20)

        await eventually_written("First")
        only_first = await script_of(mail)
        for name in ("Second", "Third"):
            await make(bob, name, f"{name.lower()}@example.com", "Reading")
        rows = bob.page.locator("[data-id] .name")
        await expect(rows).to_have_text(["First", "Second", "Third"])

        await named(bob, "button", "Move Third, then arrow keys").focus()
        await bob.page.keyboard.press("ArrowUp")
        await bob.page.keyboard.press("Home")
        await expect(rows).to_have_text(["Third", "First", "Second"])
        await expect(bob.text("Third: 1 of 3")).to_be_attached()
        await expect(named(bob, "button", "Move Third, then arrow keys")).to_be_focused()
        await named(bob, "switch", "First: use this filter").focus()
        await bob.page.keyboard.press("Space")
        await expect(named(bob, "switch", "First: use this filter")).not_to_be_checked()
        await eventually_written("Third", "Second")
        await bob.page.get_by_role("button", name="Second move").click()
        await bob.button("Remove this filter").click()
        await expect(rows).to_have_text(["Third", "First"])
        # Otherwise what the mail server has may still be the script before.
        await eventually_written("Third")
        await bob.page.keyboard.press("z")
        await expect(rows).to_have_text(["Third", "First", "Second"])
        await eventually_written("Third", "Second")
        await bob.page.reload()
        await expect(rows).to_have_text(["Third", "First", "Second"])
        assert await scripts(mail) == {"postroom": True}

        # What another device did meanwhile is not overwritten.
        there = await mail.upload(only_first.encode(), "application/sieve")
        await mail.update("SieveScript", (await own_script(mail))["id"], blobId=there["blobId"])
        await bob.button("New").click()
        await named(bob, "textbox", "Text").fill("here@example.com")
        await named(bob, "combobox", "Folder").select_option("Reading")
        await bob.button("Save filter").click()
        await expect(bob.text("Your filters were changed on another device meanwhile.")).to_be_visible()
        assert await script_of(mail) == only_first
        await bob.button("Use the other ones").click()
        await expect(bob.page.get_by_role("button", name="Second move")).to_have_count(0)
        # What was typed is still there.
        await expect(named(bob, "textbox", "Text")).to_have_value("here@example.com")
        await bob.button("Save filter").click()
        await expect(bob.text("Filter saved")).to_be_visible()
        text = await script_of(mail)
        assert all(part in text for part in ("# First", "here@example.com"))


async def test_a_mistake_is_shown_at_its_line_and_no_script_of_the_person_is_lost(up: Trial, browser: Browser) -> None:
    async with person(up, browser, "filter.carol") as (carol, mail):
        await mail.create("Mailbox", name="Reading")
        await open_section(carol, "filters")
        await make(carol, "Boss", "boss@example.com", "Reading")
        before = await script_of(mail)
        await carol.page.get_by_role("button", name="Boss move").click()
        await carol.button("Show as Sieve").click()
        field = named(carol, "textbox", "Script")
        await expect(field).to_have_value(re.compile(r'header :contains "from" "boss@example.com"'))
        await carol.expect_no_violations()
        await field.fill('require "fileinto";\nkeep;\nnonsense;\n')
        await carol.button("Save as text").click()
        await expect(carol.text(re.compile("^Line 3: "))).to_be_visible()
        await expect(
            carol.text("The mail server does not accept this script. The old one still works.")
        ).to_be_visible()
        assert await field.evaluate("e => e.value.slice(e.selectionStart, e.selectionEnd)") == "nonsense;"
        assert await script_of(mail) == before

        # A text of the person's own is shown as text only, until they want filters again; nothing is lost.
        await field.fill("# by hand\nkeep;\n")
        await carol.button("Save as text").click()
        await expect(carol.text("It was changed by hand, so it is shown as text only.")).to_be_visible()
        await carol.button("Make filters here instead").click()
        await carol.button("Make filters here").click()
        await expect(carol.text("No filters. Make one from a message, or here.")).to_be_visible()
        assert await scripts(mail) == {"postroom": True, "postroom-1": False}

        # Another script is left as it is, and can be used again at any time.
        await expect(carol.text("Other scripts")).to_be_visible()
        await carol.page.get_by_text("postroom-1", exact=True).click()
        await carol.button("Use this one").first.click()
        await carol.page.get_by_role("dialog").get_by_role("button", name="Use this one").click()
        await expect(carol.text("“postroom-1” sorts your mail")).to_be_visible()
        await expect(field).to_have_value("# by hand\nkeep;\n")
        assert await field.evaluate("e => e.readOnly")
        await carol.expect_no_violations()
        assert await scripts(mail) == {"postroom": False, "postroom-1": True}


async def test_an_absence_answers_beside_the_filters_until_it_is_ended(up: Trial, browser: Browser) -> None:
    async with (
        person(up, browser, "filter.frank") as (frank, mail),
        newcomer(up.environment, "filter.grace") as owner,
    ):
        grace = await owner.mail()
        await mail.create("Mailbox", name="Reading")
        await open_section(frank, "filters")
        await make(frank, "Boss", "boss@example.com", "Reading")
        await open_section(frank, "absence")
        await named(frank, "switch", "Automatic reply").click()
        await frank.button("Save").click()
        await expect(frank.text("Write what a sender should read.")).to_be_visible()
        await named(frank, "textbox", "Subject").fill("Away")
        await named(frank, "textbox", "Text").fill('Back on "Monday".\n.\n\\o/')
        await frank.expect_no_violations()
        await frank.button("Save").click()
        await expect(frank.page.get_by_text("Saved", exact=True)).to_be_visible()
        await expect(frank.text("Automatic reply is on")).to_be_visible()
        text = await script_of(mail)
        assert "vacation" in text
        assert "# Boss" in text

        await send(up, frank.email, owner.email, "Question")
        inbox = (await grace.query("Mailbox", filter={"role": "inbox"}))[0]
        await eventually_subjects(grace, inbox, None, "Away")

        await frank.open("/mail")
        await expect(frank.text("Automatic reply is on")).to_be_visible()
        await frank.expect_no_violations()
        await frank.button("End now").click()
        await expect(frank.text("Automatic reply ended")).to_be_visible()
        await expect(frank.button("End now")).to_have_count(0)
        assert "vacation " not in await script_of(mail)
        await frank.page.keyboard.press("z")
        await expect(frank.button("End now")).to_be_visible()
        assert await scripts(mail) == {"postroom": True}
