"""Writing a message in Chromium, until others have it."""

import re
import struct
import zlib
from email.message import EmailMessage

from playwright.async_api import Browser, FilePayload, Page, expect

from mail_page import NARROW, MailPage
from other_program import mails_in, received, send
from trial import Trial
from writing_page import Window, begin, reader, writer


def png(width: int, height: int) -> bytes:
    """One colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + b"\xb8\x8c\x59" * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


PICTURE = FilePayload(name="stacks.png", mimeType="image/png", buffer=png(24, 16))
FILE = FilePayload(name="Angebot - Übersicht.pdf", mimeType="application/pdf", buffer=bytes(range(250)) * 1_200)


async def choose(window: Window, button: str, file: FilePayload) -> None:
    """By the keyboard, up to the dialog of the operating system."""
    await window.tab_to(window.button(button))
    async with window.page.expect_file_chooser() as chooser:
        await window.page.keyboard.press("Enter")
    await (await chooser.value).set_files(file)


async def slow_down(page: Page, *, octets_per_second: int = -1, milliseconds: int = 0) -> None:
    """Uploads, by `octets_per_second`; each request, by `milliseconds`."""
    network = await page.context.new_cdp_session(page)
    limits = {"latency": milliseconds, "downloadThroughput": -1, "uploadThroughput": octets_per_second}
    await network.send("Network.emulateNetworkConditions", {"offline": False, **limits})


LOADS_NOTHING = """() => {
  const scripts = performance.getEntriesByType("resource").filter(({ name }) => name.endsWith(".js")).length
  if (scripts !== window.scripts) Object.assign(window, { scripts, since: Date.now() })
  return Date.now() - window.since > 5_000
}"""
"""For some seconds."""


def part(mail: EmailMessage, kind: str) -> EmailMessage:
    (found,) = (one for one in mail.walk() if one.get_content_type() == kind)
    assert isinstance(found, EmailMessage)
    return found


async def is_in_sent(alice: MailPage, subject: str) -> None:
    await alice.page.keyboard.press("g")
    await alice.page.keyboard.press("t")
    await alice.is_at("/mail/sent")
    await expect(alice.row(subject)).to_have_count(1)


async def test_a_message_with_a_picture_and_a_file_is_written_by_keyboard_and_arrives_equal(
    up: Trial, browser: Browser
) -> None:
    async with (
        reader(up, "equal.bob") as bob,
        reader(up, "equal.carla") as carla,
        writer(up, browser, "equal.alice") as (alice, _),
    ):
        keyboard = alice.page.keyboard
        # While nobody listens, Playwright tells of no dialog, and it may begin too late for the second.
        alice.page.on("filechooser", lambda _: None)
        # Nothing is lost that is typed while the window still loads.
        await slow_down(alice.page, milliseconds=300)
        window = await begin(alice, [f"Bob <{bob.address}>", carla.address], "Käse für Łódź", "Option B is ")
        await expect(window.button("Attach files")).to_be_visible()
        await slow_down(alice.page)
        await keyboard.press("Control+b")
        await keyboard.type("120 g uncoated")
        await keyboard.press("Control+b")
        await keyboard.type(" - see: ")
        await choose(window, "Insert a picture", PICTURE)
        await expect(window.text.get_by_role("img")).to_have_js_property("naturalWidth", 24)
        await expect(window.text).to_be_focused()
        await slow_down(alice.page, octets_per_second=150_000)
        await choose(window, "Attach files", FILE)
        await expect(window.box.get_by_role("progressbar")).to_be_visible()
        await expect(window.box.get_by_text("300 KB")).to_be_visible()
        await slow_down(alice.page)
        await window.send()
        await expect(alice.text(re.compile("^Sending to Bob"))).to_be_visible()
        mail = await received(bob, "Käse")
        assert sorted(address.addr_spec for address in mail["to"].addresses) == sorted([bob.address, carla.address])
        html, picture, file = part(mail, "text/html"), part(mail, "image/png"), part(mail, "application/pdf")
        # An editor keeps a space at the end of a piece of text by a no-break space.
        assert "Option B is <b>120 g uncoated</b> - see:" in html.get_content().replace("&nbsp;", " ")
        assert f"cid:{picture['content-id'].strip('<>')}" in html.get_content()
        assert "Option B is 120 g uncoated - see:" in part(mail, "text/plain").get_content().replace("\xa0", " ")
        assert picture.get_content() == PICTURE["buffer"]
        assert (file.get_filename(), file.get_content()) == (FILE["name"], FILE["buffer"])
        assert len(await mails_in(carla, "inbox", "Käse")) == 1
        await is_in_sent(alice, "Käse für Łódź")


async def test_a_reply_is_in_the_conversation_at_once_and_refers_to_what_it_answers(
    up: Trial, browser: Browser
) -> None:
    async with reader(up, "reply.dora") as dora, writer(up, browser, "reply.alice", can_undo=False) as (alice, own):
        await send(dora, alice.email, "Pallet 3", "Where does it stand?")
        await alice.row("Pallet 3").click()
        await expect(alice.message("Where does it stand?")).to_be_visible()
        await slow_down(alice.page, milliseconds=300)
        await alice.page.keyboard.press("r")
        # What is typed while the window still loads is its text.
        await alice.page.keyboard.type("In bay 7.")
        window = Window(alice, "Re: Pallet 3")
        await expect(window.text).to_have_text(re.compile(r"^In bay 7\."))
        await slow_down(alice.page)
        await expect(window.text).to_be_focused()
        await alice.expect_no_violations()
        await window.send()
        await expect(alice.framed("In bay 7.")).to_be_visible()
        mail = await received(dora, "Re: Pallet 3")
        parent = await received(own, "Pallet 3")
        assert (mail["in-reply-to"], mail["references"]) == (parent["message-id"], parent["message-id"])
        await is_in_sent(alice, "Re: Pallet 3")
        await alice.page.keyboard.press("g")
        await alice.page.keyboard.press("i")
        await expect(alice.page.get_by_role("gridcell", name=re.compile("Pallet 3.*Answered"))).to_be_visible()


async def test_what_was_sent_is_taken_back_with_a_key_where_the_cursor_was_and_only_what_is_sent_then_arrives(
    up: Trial, browser: Browser
) -> None:
    async with reader(up, "undo.erik") as erik, writer(up, browser, "undo.alice") as (alice, own):
        window = await begin(alice, [erik.address], "Terms", "One\n\nthree")
        for _ in range(len("three") + 1):
            await alice.page.keyboard.press("ArrowLeft")
        await window.send()
        toast = alice.page.locator(".toast").filter(has_text="Sending to")
        await expect(toast.get_by_text(re.compile(r"in \d s$"))).to_be_visible()
        await alice.expect_no_violations()
        await alice.page.keyboard.press("z")
        await expect(window.text).to_be_focused()
        assert await mails_in(own, "sent", "Terms") == []
        await alice.page.keyboard.type("two")
        await expect(window.text.locator("div")).to_have_text(["One", "two", "three"])
        await window.send()
        mail = await received(erik, "Terms")
        assert part(mail, "text/plain").get_content().split() == ["One", "two", "three"]
        assert len(await mails_in(own, "sent", "Terms")) == 1
        assert await mails_in(own, "drafts", "Terms") == []


async def test_a_phone_writes_over_the_whole_screen_and_its_toast_covers_no_button(up: Trial, browser: Browser) -> None:
    phone = {"viewport": NARROW, "color_scheme": "dark", "has_touch": True, "is_mobile": True}
    async with writer(up, browser, "fritz", **phone) as (alice, _):
        await alice.button("Compose").tap()
        window = Window(alice)
        await window.field("To").fill(f"{alice.email},")
        await window.field("Subject").fill("From a phone")
        window = window.named("From a phone")
        await window.text.fill("On my way.")
        assert await window.box.bounding_box() == {"x": 0, "y": 0, **NARROW}
        await alice.expect_no_violations()
        await window.button("Send later").tap()
        await expect(alice.page.get_by_role("menu", name="Send later")).to_be_visible()
        await alice.expect_no_violations()
        await alice.page.keyboard.press("Escape")
        await window.button("Send").tap()
        await window.is_gone()
        notice = await alice.page.locator(".toast").filter(has_text="Sending to").bounding_box()
        bar = await alice.button("Compose").bounding_box()
        undo = await alice.button("Undo").bounding_box()
        assert notice
        assert bar
        assert undo
        assert notice["y"] + notice["height"] <= bar["y"]
        assert notice["x"] + notice["width"] <= NARROW["width"] - 16
        assert undo["y"] >= notice["y"]
        assert undo["x"] > NARROW["width"] / 2


async def test_who_never_wrote_before_the_network_was_lost_can_write_and_send_and_it_leaves_when_it_is_back(
    up: Trial, browser: Browser
) -> None:
    async with reader(up, "tunnel.nora") as nora, writer(up, browser, "tunnel.alice") as (alice, _):
        # Writing is loaded ahead, once the page has nothing else to do.
        await alice.page.wait_for_function(LOADS_NOTHING)
        await alice.page.context.set_offline(True)
        window = await begin(alice, [nora.address], "In the tunnel", "Written without a network.")
        await window.is_kept()
        await window.button("More").click()
        await expect(alice.page.get_by_role("menuitem").first).to_be_visible()
        await alice.page.keyboard.press("Escape")
        await window.send()
        await expect(alice.text(re.compile("is sent when you are back online"))).to_be_visible()
        await alice.page.context.set_offline(False)
        assert "Written without a network." in str(await received(nora, "In the tunnel"))
        assert len(await mails_in(nora, "inbox", "In the tunnel")) == 1
