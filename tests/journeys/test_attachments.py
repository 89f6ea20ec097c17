"""What a message brings along, in the interface: previewed, saved, printed, shown as it came; and what never runs."""

import io
import re
import zipfile
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from playwright.async_api import Browser, Download, Frame, expect

from mail_page import MailPage, mail_page
from newcomer import newcomer
from painted_pdf import text_of
from trial import Trial

PICTURE = Path(__file__).parent.parent.parent / "docs/pictures/inbox-phone-dark.png"
NOTES = "Grüße aus Köln\nBay 7, third shelf\n"
RUN = "window.top.ran = true; document.title = 'ran'"
SVG = f"<svg xmlns='http://www.w3.org/2000/svg' onload=\"{RUN}\"><script>{RUN}</script></svg>"
HTML = f'<script>{RUN}</script><img src=x onerror="{RUN}">'
LINES = 400


def letter(to: str, subject: str) -> bytes:
    message = EmailMessage(policy=SMTP)
    message["From"] = "Jonas Weber <jonas@birkenau.example.net>"
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = "Thu, 26 Nov 2026 09:00:00 +0000"
    message["Message-ID"] = "<bay-7@birkenau.example.net>"
    message["List-Id"] = "Warehouse <warehouse.birkenau.example.net>"
    message.set_content("Hello")
    lines = "".join(f"<p>Line {number} of the list</p>" for number in range(1, LINES + 1))
    # It tries to cover the head that is printed above it.
    cover = "<style>dl,h1{display:none} .c{position:absolute;top:-500px}</style><div class=c>From the bank</div>"
    message.add_alternative(f"{cover}{lines}<p>The very last line</p>", subtype="html")
    message.add_attachment(PICTURE.read_bytes(), maintype="image", subtype="png", filename="bay-7-pallet-3.png")
    message.add_attachment(NOTES.encode("latin-1"), maintype="text", subtype="plain", filename="notes.txt")
    *_, notes = message.iter_attachments()
    notes.set_param("charset", "iso-8859-1")
    message.add_attachment(SVG.encode(), maintype="image", subtype="svg+xml", filename="logo.svg")
    message.add_attachment(HTML.encode(), maintype="text", subtype="html", filename="invoice.html")
    message.add_attachment(SVG.encode(), maintype="image", subtype="png", filename="fake.png")
    return message.as_bytes()


async def content_of(download: Download) -> bytes:
    return Path(await download.path()).read_bytes()


async def ran(alice: MailPage) -> bool:
    return bool(await alice.page.evaluate("Boolean(window.ran) || document.title === 'ran'"))


async def choose(alice: MailPage, item: str) -> None:
    await alice.button("More").click()
    await alice.page.get_by_role("menuitem", name=item, exact=True).click()


async def test_a_message_and_what_it_brings_are_previewed_saved_and_printed_and_nothing_of_it_runs(
    up: Trial, browser: Browser
) -> None:
    async with newcomer(up.environment, "files.alice") as owner, mail_page(up, browser, "files.alice") as alice:
        raw = letter(alice.email, "Bay 7 / pallet 3")
        person = await owner.mail()
        await person.add(raw)
        await alice.page.add_init_script("addEventListener('beforeprint', () => (window.printed = true))")
        await alice.sign_in()
        await alice.row("Bay 7 / pallet 3").click()
        # It has its height: nothing moves below the pointer any more.
        await expect(alice.page.locator("article iframe")).to_have_attribute("style", re.compile("height: [0-9]{4,}px"))
        await alice.page.get_by_role("button", name="to me").click()
        details = alice.page.get_by_role("article").locator("dl")
        await expect(details).to_contain_text("Warehouse <warehouse.birkenau.example.net>")

        # As the mail server has it.
        await choose(alice, "Show source")
        source = alice.page.get_by_role("dialog")
        await expect(source).to_contain_text("Message-ID: <bay-7@birkenau.example.net>")
        await alice.expect_no_violations()
        await alice.page.keyboard.press("Escape")
        await expect(alice.button("More")).to_be_focused()

        async with alice.page.expect_download() as saved:
            await choose(alice, "Save as .eml")
        assert (await saved.value).suggested_filename == "Bay 7 _ pallet 3.eml"
        assert await content_of(await saved.value) == raw

        await choose(alice, "Print")
        frame = await print_frame(alice)
        sheet = await alice.page.context.new_page()
        await sheet.set_content(await frame.evaluate(SHADOWS))
        text = text_of(await sheet.pdf(format="A4"))
        assert "The very last line" in text
        assert "jonas@birkenau.example.net" in text
        assert text.index("From") < text.index("Line 1 of the list")
        await sheet.close()

        # A picture; the arrows lead on.
        await alice.page.get_by_role("button", name="Preview bay-7-pallet-3.png").press("Enter")
        preview = alice.page.get_by_role("dialog")
        picture = preview.get_by_role("img", name="bay-7-pallet-3.png")
        await expect(picture).to_be_visible()
        assert await picture.evaluate("image => image.decode().then(() => image.naturalWidth > 100)")
        before = await picture.bounding_box()
        await alice.page.keyboard.press("+")
        after = await picture.bounding_box()
        assert before
        assert after
        assert after["width"] > before["width"]
        await alice.expect_no_violations()
        await alice.page.keyboard.press("Escape")
        await expect(preview).to_have_count(0)
        await expect(alice.page.get_by_role("button", name="Preview bay-7-pallet-3.png")).to_be_focused()

        # A text, by its charset.
        await alice.page.keyboard.press("Enter")
        await expect(picture).to_be_visible()
        await alice.page.keyboard.press("ArrowRight")
        await expect(preview.get_by_text("Grüße aus Köln")).to_be_visible()
        await alice.expect_no_violations()

        # Neither shown nor run.
        await alice.page.keyboard.press("ArrowRight")
        await expect(preview.get_by_text("they can contain scripts")).to_be_visible()
        await alice.page.keyboard.press("ArrowRight")
        await expect(preview.get_by_text("Open it only if you trust its sender")).to_be_visible()
        await alice.expect_no_violations()
        await alice.page.keyboard.press("ArrowRight")
        await expect(preview.get_by_text("This picture cannot be shown")).to_be_visible()
        assert await preview.get_by_role("img").count() == 0
        assert not await ran(alice)
        async with alice.page.expect_download() as saved:
            await preview.get_by_role("button", name="Download fake.png").click()
        assert await content_of(await saved.value) == SVG.encode()
        await alice.page.keyboard.press("Escape")

        async with alice.page.expect_download() as saved:
            await alice.page.get_by_role("link", name="Download invoice.html").click()
        assert (await saved.value).suggested_filename == "invoice.html"
        assert await content_of(await saved.value) == HTML.encode()
        async with alice.page.expect_download() as saved:
            await alice.button("Save all 5").click()
        assert (await saved.value).suggested_filename == "Bay 7 _ pallet 3.zip"
        with zipfile.ZipFile(io.BytesIO(await content_of(await saved.value))) as archive:
            assert archive.testzip() is None
            assert archive.read("notes.txt") == NOTES.encode("latin-1")
            assert archive.namelist() == ["bay-7-pallet-3.png", "notes.txt", "logo.svg", "invoice.html", "fake.png"]
        assert not await ran(alice)
        assert len(alice.documents) == 1


SHADOWS = """() => {
  const copy = document.documentElement.cloneNode(true)
  copy.querySelectorAll('script').forEach((script) => script.remove())
  const places = [...copy.querySelectorAll('.place > div')]
  for (const [at, mail] of [...document.querySelectorAll('.place > div')].entries())
    places[at].innerHTML = `<template shadowrootmode="open">${mail.shadowRoot.innerHTML}</template>`
  return `<!doctype html>${copy.outerHTML}`
}"""
"""The document that is printed, as text."""


async def print_frame(alice: MailPage) -> Frame:
    """Once the browser began to print it."""
    handle = await alice.page.locator("body > iframe[sandbox='allow-scripts allow-modals']").element_handle()
    frame = await handle.content_frame()
    assert frame
    await frame.wait_for_function("window.printed")
    return frame
