"""Filters and the reply while away: made in the settings, carried out by the mail server."""

import asyncio
import re
import smtplib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage

import pytest
from playwright.async_api import Browser, Locator, Route, expect

from eventually import eventually
from mail_page import NARROW, MailPage, mail_page
from mail_person import Person
from newcomer import newcomer
from trial import Trial

FOREIGN = 'require "fileinto";\r\nif header :contains "subject" "x" { fileinto "Reading"; }\r\n'


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


async def blob(mail: Person, text: str) -> str:
    return (await mail.upload(text.encode(), "application/sieve"))["blobId"]


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


async def test_filters_are_ordered_switched_copied_and_removed_by_keyboard(up: Trial, browser: Browser) -> None:
    async with person(up, browser, "filter.bob") as (bob, mail):
        await mail.create("Mailbox", name="Reading")
        await open_section(bob, "filters")
        await expect(bob.text("No filters. Make one from a message, or here.")).to_be_visible()
        await bob.expect_no_violations()
        for name in ("First", "Second", "Third"):
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

        async def written() -> list[str]:
            return re.findall(r"^# (First|Second|Third)$", await script_of(mail), re.MULTILINE)

        async def is_written() -> bool:
            return await written() == ["Third", "Second"]

        async def is_removed() -> bool:
            return await written() == ["Third"]

        await eventually(is_written, "the new order at the mail server", 20)
        before = await state_of_scripts(mail)

        await bob.page.get_by_role("button", name="Second move").click()
        await bob.button("Remove this filter").click()
        await expect(rows).to_have_text(["Third", "First"])
        # Otherwise what the mail server has may still be the script before.
        await eventually(is_removed, "the script without the filter", 20)
        await bob.page.keyboard.press("z")
        await expect(rows).to_have_text(["Third", "First", "Second"])

        async def is_written_again() -> bool:
            # Right after the key the mail server has the script from before the removal.
            return await state_of_scripts(mail) != before and await is_written()

        await eventually(is_written_again, "the filter that was brought back", 20)
        await bob.page.reload()
        await expect(rows).to_have_text(["Third", "First", "Second"])
        assert await scripts(mail) == {"postroom": True}


async def state_of_scripts(mail: Person) -> str:
    return (await mail.call("SieveScript/get", ids=[]))["state"]


async def script_of(mail: Person) -> str:
    found = (await mail.call("SieveScript/get", ids=None))["list"]
    (own,) = [each["blobId"] for each in found if each["name"] == "postroom"]
    answer = await mail.http.get(f"/jmap/download/{mail.account}/{own}/x?accept=text/plain")
    return answer.text.replace("\r\n", "\n")


async def test_a_mistake_is_shown_at_its_line_and_the_old_script_stays(up: Trial, browser: Browser) -> None:
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


async def test_a_script_of_another_program_is_left_as_it_is(up: Trial, browser: Browser) -> None:
    async with person(up, browser, "filter.dave") as (dave, mail):
        value = {"name": "roundcube", "blobId": await blob(mail, FOREIGN)}
        await mail.call("SieveScript/set", create={"a": value}, onSuccessActivateScript="#a")
        await open_section(dave, "filters")
        await expect(dave.text("“roundcube” sorts your mail")).to_be_visible()
        field = named(dave, "textbox", "Script")
        await expect(field).to_have_value(FOREIGN.replace("\r\n", "\n"))
        assert await field.evaluate("e => e.readOnly")
        await dave.expect_no_violations()

        await dave.button("Make filters here instead").click()
        await expect(dave.text("It is not deleted: you can use it again at any time.")).to_be_visible()
        await dave.page.keyboard.press("Escape")
        assert await scripts(mail) == {"roundcube": True}
        await dave.button("Make filters here instead").click()
        await dave.button("Make filters here").click()
        await expect(dave.text("Other scripts")).to_be_visible()
        assert await scripts(mail) == {"roundcube": False, "postroom": True}

        await dave.page.get_by_text("roundcube", exact=True).click()
        await dave.button("Use this one").first.click()
        await dave.page.get_by_role("dialog").get_by_role("button", name="Use this one").click()
        await expect(dave.text("“roundcube” sorts your mail")).to_be_visible()
        assert await scripts(mail) == {"roundcube": True, "postroom": False}


async def test_what_another_device_changed_is_not_overwritten(up: Trial, browser: Browser) -> None:
    async with person(up, browser, "filter.erin") as (erin, mail):
        await mail.create("Mailbox", name="Reading")
        await open_section(erin, "filters")
        await make(erin, "Here", "here@example.com", "Reading")
        other = await erin.page.context.new_page()
        there = MailPage(up, other, "filter.erin")
        await open_section(there, "filters")
        await expect(there.page.get_by_role("button", name="Here move")).to_be_visible()
        await make(erin, "Newer", "newer@example.com", "Reading")
        await there.button("New").click()
        await named(there, "textbox", "Name").fill("There")
        await named(there, "textbox", "Text").fill("there@example.com")
        await named(there, "combobox", "Folder").select_option("Reading")
        await there.button("Save filter").click()
        await expect(there.text("Your filters were changed on another device meanwhile.")).to_be_visible()
        assert "# Newer" in await script_of(mail)
        await there.button("Use the other ones").click()
        await expect(there.page.get_by_role("button", name="Newer move")).to_be_visible()
        # What was typed is still there.
        await expect(named(there, "textbox", "Text")).to_have_value("there@example.com")
        await there.button("Save filter").click()
        await expect(there.text("Filter saved")).to_be_visible()
        text = await script_of(mail)
        assert all(f"# {name}" in text for name in ("Here", "Newer", "There"))


async def test_what_is_typed_while_a_filter_is_saved_stays(up: Trial, browser: Browser) -> None:
    async with person(up, browser, "filter.ivan") as (ivan, mail):
        await mail.create("Mailbox", name="Reading")
        await open_section(ivan, "filters")
        typed = asyncio.Event()

        async def hold(route: Route) -> None:
            if "SieveScript/validate" in (route.request.post_data or ""):
                await typed.wait()
            await route.continue_()

        await ivan.page.route("**/jmap/**", hold)
        await ivan.button("New").click()
        await named(ivan, "textbox", "Text").fill("boss@example.com")
        await named(ivan, "combobox", "Folder").select_option("Reading")
        await ivan.button("Save filter").click()
        await named(ivan, "textbox", "Name").fill("Boss")
        typed.set()
        await expect(ivan.page.get_by_text("Filter saved", exact=True)).to_be_visible()
        await expect(named(ivan, "textbox", "Name")).to_have_value("Boss")
        assert "boss@example.com" in await script_of(mail)
        assert '"name":"Boss"' not in await script_of(mail)


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


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_filters_on_a_phone_in_german(up: Trial, browser: Browser, theme: str) -> None:
    context = {"locale": "de-DE", "viewport": NARROW, "color_scheme": theme}
    async with newcomer(up.environment, f"filter.heidi.{theme}") as owner:
        mail = await owner.mail()
        await mail.create("Mailbox", name="Papier")
        async with mail_page(up, browser, f"filter.heidi.{theme}", **context) as heidi:
            await heidi.open("/sign-in")
            await heidi.page.get_by_role("textbox", name="Adresse", exact=True).fill(heidi.email)
            await heidi.page.get_by_role("textbox", name="Passwort", exact=True).fill("correct horse battery staple")
            await heidi.page.keyboard.press("Enter")
            await expect(heidi.page.get_by_role("gridcell").first).to_be_visible()
            await open_section(heidi, "filters")
            await expect(heidi.text("Keine Filter.")).to_be_visible()
            await heidi.button("Neu").click()
            await heidi.button("Filter speichern").click()
            await expect(heidi.text("Geben Sie an, wonach gesucht wird.")).to_be_visible()
            await heidi.expect_no_violations()
            await named(heidi, "textbox", "Text").fill("chef@example.com")
            await named(heidi, "combobox", "Ordner").select_option("Papier")
            await heidi.button("Filter speichern").click()
            await expect(heidi.text("Filter gespeichert")).to_be_visible()
            await heidi.button("Alle Filter").click()
            await expect(heidi.page.get_by_role("button", name="Neuer Filter nach Papier verschieben")).to_be_visible()
            await heidi.expect_no_violations()
            await open_section(heidi, "absence")
            await expect(named(heidi, "switch", "Automatische Antwort")).to_be_visible()
            await heidi.expect_no_violations()
