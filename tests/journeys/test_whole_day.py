"""A whole day of a person who reads German, at a desk and with a phone, in one profile each: journeys in a row, while
the mail server and Postroom restart, and Postroom is upgraded. Nothing is lost, nothing is said twice, and no console
complains."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import FilePayload, Locator, expect

from built_web import require_interface
from eventually import eventually
from finger import Finger
from german_day import Day, a_day, repeated
from german_device import Device, GermanWindow, begin
from kratos_servers import PASSWORD
from other_build import settings_of, write_other_build
from other_program import mails_in, send
from servers import Database

FILE = FilePayload(name="Übersicht.pdf", mimeType="application/pdf", buffer=bytes(range(250)) * 400)


async def fills_in(at: Device, path: str) -> None:
    await at.open(path)
    await at.named("textbox", "Adresse").fill(at.email)
    await at.named("textbox", "Passwort").fill(PASSWORD)
    await at.press("Enter")
    await at.is_at("/mail")


async def signs_up(day: Day) -> None:
    await fills_in(day.desk, "/sign-up")
    await day.delivers("Erster Tag", "Ada Amsel")
    await expect(day.desk.row("Erster Tag")).to_be_visible()
    await fills_in(day.phone, "/sign-in")
    await day.signed_in()
    await day.are_live()


def order(at: Device, number: int) -> Locator:
    return at.page.get_by_role("gridcell", name=f"Auftrag {number}.")


async def sorts_by_keyboard(day: Day) -> None:
    """The phone lies beside, and shows it."""
    for number, sender in enumerate(("Ben Buche", "Cem Celik", "Dora Dachs", "Eva Eich", "Fritz Fink", "Gül Gans"), 1):
        await day.delivers(f"Auftrag {number}", sender)
        await expect(order(day.desk, number)).to_be_visible()
        await expect(order(day.phone, number)).to_be_visible()
    news = [f"1 neu in Posteingang: {sender}" for sender in day.senders[1:]]
    await eventually(lambda: all(each.sentences == news for each in day.devices), "each is told of each mail once")
    desk = day.desk
    await desk.page.get_by_role("gridcell").first.focus()
    for key, gone in (("e", True), ("s", False)):
        await desk.press("Home")
        name = await desk.focused()
        await desk.press(key)
        await desk.says("Unterhaltung archiviert" if gone else "Mit Stern markiert")
        assert "Auftrag" in name
    await desk.press("j", "#")
    await desk.says("In den Papierkorb verschoben")
    await desk.press("Enter")
    await desk.is_at_conversation()
    await expect(desk.page.get_by_role("article")).to_be_visible()
    await desk.press("u")
    await day.agree()


async def swipes_on_the_phone(day: Day) -> None:
    phone = day.phone
    finger = Finger(await phone.context.new_cdp_session(phone.page))
    await finger.swipes(order(phone, 2), -160)
    await phone.says("Als gelesen markiert")
    await finger.swipes(order(phone, 1), 160)
    await phone.says("Unterhaltung archiviert")
    await phone.page.get_by_role("button", name="Rückgängig").click()
    await expect(order(phone, 1)).to_be_visible()
    await day.agree()


async def answers_and_takes_it_back_once(day: Day) -> None:
    desk = day.desk
    await send(day.bob, desk.email, "Palette 3", "Wo steht sie?")
    await desk.row("Palette 3").click()
    await expect(desk.message("Wo steht sie?")).to_be_visible()
    await desk.press("r")
    window = GermanWindow(desk, "Re: Palette 3")
    await expect(window.text).to_be_focused()
    await desk.type("In Halle 7.")
    async with desk.page.expect_file_chooser() as chooser:
        await window.button("Dateien anhängen").click()
    await (await chooser.value).set_files(FILE)
    await expect(window.box.get_by_text("100 KB")).to_be_visible()
    await expect(window.box.get_by_role("progressbar")).to_have_count(0)
    await window.send()
    await desk.says(re.compile("^Geht in .* s an "))
    await desk.press("z")
    await expect(window.text).to_contain_text("In Halle 7.")
    await expect(window.box.get_by_text(FILE["name"])).to_be_visible()
    await window.text.press("Control+Enter")
    await window.is_gone()
    await expect(desk.framed("In Halle 7.")).to_be_visible()
    day.sent.append("Re: Palette 3")
    await desk.press("u", "g", "i")


async def goes_on_at_the_desk_with_a_draft_of_the_phone(day: Day) -> None:
    window = await begin(day.phone, day.bob.address, "Angebot", "Vom Telefon")
    await window.is_saved()
    await window.button("Speichern und schließen").tap()
    await window.is_gone()
    desk = day.desk
    await desk.press("g", "d")
    await desk.is_at("/mail/drafts")
    await desk.row("Angebot").click()
    there = GermanWindow(desk, "Angebot")
    await expect(there.text).to_have_text("Vom Telefon")
    await there.text.press("Control+End")
    await desk.type(" und vom Tisch")
    await there.send()
    await expect(desk.row("Angebot")).to_have_count(0)
    day.sent.append("Angebot")
    await desk.press("g", "i")


async def is_off_line_with_the_phone(day: Day) -> None:
    phone = day.phone
    phone.console.away = True
    await phone.context.set_offline(True)
    finger = Finger(await phone.context.new_cdp_session(phone.page))
    await finger.swipes(order(phone, 1), 160)
    await finger.swipes(order(phone, 5), -160)
    await phone.says("Vorgemerkt. Wird erledigt, sobald Sie online sind.")
    window = await begin(phone, day.bob.address, "Aus dem Tunnel", "Gleich da.")
    await window.button("Senden").tap()
    await window.is_gone()
    await phone.says(re.compile("wird gesendet, sobald Sie online sind"))
    await phone.context.set_offline(False)
    day.sent.append("Aus dem Tunnel")
    await day.are_live()
    phone.console.away = False


async def writes_while_the_mail_server_restarts(day: Day) -> None:
    day.away(True)
    window = await begin(day.desk, day.bob.address, "Neustart", "Vorher,")
    await window.is_saved()
    await day.host.stalwart.kill()
    await day.desk.type(" währenddessen,")
    await window.is_kept()
    await day.host.stalwart.start()
    await day.desk.type(" nachher.")
    await window.is_saved()
    await day.are_live()
    await window.send()
    day.sent.append("Neustart")
    day.away(False)


async def sorts_while_postroom_restarts(day: Day) -> None:
    day.away(True)
    day.service.kill()
    await day.service.ended()
    await order(day.desk, 3).focus()
    await day.desk.press("e")
    await day.restart()
    await day.are_live()
    day.away(False)


async def writes_while_postroom_is_upgraded(day: Day) -> None:
    day.away(True)
    desk = day.desk
    window = await begin(desk, day.bob.address, "Aufstieg", "Alte Fassung,")
    build = write_other_build(day.folder / "upgraded")
    await window.is_saved()
    await desk.type(" ungespeichert,")
    await day.restart(**settings_of(build, day.folder / "scripts"))
    await day.are_live()
    await desk.type(" neue Fassung.")
    await window.is_saved()
    day.away(False)
    version = (await day.mail.http.get("/_app/version.json")).json()["version"]
    for each in day.devices:

        async def is_new(each: Device = each) -> bool:
            await each.page.reload()
            return version in await each.page.content()

        await eventually(is_new, "the device has the new interface", 60)
    await expect(window.text).to_have_text("Alte Fassung, ungespeichert, neue Fassung.")
    await window.text.press("Control+Enter")
    await window.is_gone()
    day.sent.append("Aufstieg")


async def has_lost_nothing(day: Day) -> None:
    """Each message has reached Bob once, and each mail that came is where she put it."""

    async def all_arrived() -> bool:
        return {len(await mails_in(day.bob, "inbox", subject)) for subject in day.sent} == {1}

    await eventually(all_arrived, f"Bob has {day.sent}", 45)
    assert len(set(day.sent)) == len(day.sent) == 5
    assert await day.counts() == {"inbox": 4, "archive": 3, "trash": 1, "sent": 5}


async def signs_out(day: Day) -> None:
    for each in day.devices:
        await each.open("/sign-out")
        await each.button("Abmelden").click()
        await each.is_at("/sign-in")


Journey = Callable[[Day], Awaitable[None]]

JOURNEYS: list[Journey] = [
    signs_up,
    sorts_by_keyboard,
    swipes_on_the_phone,
    answers_and_takes_it_back_once,
    goes_on_at_the_desk_with_a_draft_of_the_phone,
    is_off_line_with_the_phone,
    writes_while_the_mail_server_restarts,
    sorts_while_postroom_restarts,
    writes_while_postroom_is_upgraded,
]

SENDING = ["Wird an bob@example.org gesendet"]
TWICE: dict[tuple[Journey, str], list[str]] = {
    (answers_and_takes_it_back_once, "desk"): SENDING,
    (is_off_line_with_the_phone, "phone"): SENDING,
}
"""A message that was taken back goes again, and one that could not go goes later: that may be said again."""


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_a_whole_day_of_a_person_loses_nothing_and_says_nothing_twice(tmp_path: Path, database: Database) -> None:
    require_interface()
    async with a_day(tmp_path, database) as day:
        for journey in JOURNEYS:
            before = [len(each.sentences) for each in day.devices]
            await journey(day)
            await day.agree()
            day.nothing_is_wrong()
            for each, start in zip(day.devices, before, strict=True):
                await each.has_said_all()
                extra = set(repeated(each.sentences[start:])) - set(TWICE.get((journey, each.name), []))
                assert extra == set(), journey.__name__
        await has_lost_nothing(day)
        await signs_out(day)
        day.nothing_is_wrong()
