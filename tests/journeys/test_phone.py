"""A person at a phone, in Chromium, with a finger."""

from playwright.async_api import Browser, expect

from eventually import eventually
from filled_inbox import fill_inbox
from finger import Finger
from mail_page import NARROW, MailPage, mail_page
from newcomer import newcomer
from trial import Trial
from writing_page import Window

PHONE = {"viewport": NARROW, "has_touch": True, "is_mobile": True}


async def back(alice: MailPage) -> None:
    """The browser may be on its way a moment longer."""
    await alice.page.evaluate("history.back()")


async def begin(alice: MailPage, subject: str) -> Window:
    await alice.button("Compose").last.tap()
    window = Window(alice)
    await window.field("Subject").fill(subject)
    return window.named(subject)


COVERED = """() => {
    const at = (one) => one.getBoundingClientRect()
    const toast = at(document.querySelector('.toast'))
    const isUnder = ({ left, right, top, bottom }) =>
        left < toast.right && right > toast.left && top < toast.bottom && bottom > toast.top
    const buttons = [...document.querySelectorAll('.settings button')]
    return buttons.filter((one) => isUnder(at(one))).map((one) => one.innerText)
}"""
"""buttons under a toast at the end of a section"""


HAS_ENTRY = "history.state?.['sveltekit:metadata']?.pageUrl !== undefined"


async def is_behind(alice: MailPage, path: str) -> None:
    """The page behind the windows can be used."""
    await alice.is_at(path)
    await expect(alice.page.locator(".page")).to_have_js_property("inert", False)


async def test_back_closes_what_is_open_over_the_page_before_it_leads_away_and_leaves_no_entry_of_it(
    up: Trial, browser: Browser
) -> None:
    async with mail_page(up, browser, "back.alice", **PHONE) as alice:
        await alice.sign_up_and_wait()
        await fill_inbox(up, alice.email, 3)
        await alice.open("/mail/sent")
        await alice.open("/mail")
        row = alice.row("Order 2")
        await row.tap()
        await alice.is_at_conversation()
        # One pane at a time.
        await expect(row).to_be_hidden()
        await expect(alice.page.get_by_role("heading", level=2)).to_be_focused()
        await alice.button("Back to the list").tap()
        await is_behind(alice, "/mail/inbox")

        drawer = alice.page.get_by_role("dialog", name="Folders")
        await alice.button("Folders").last.tap()
        await expect(drawer).to_be_visible()
        await back(alice)
        await expect(drawer).to_have_count(0)

        finger = Finger(await alice.page.context.new_cdp_session(alice.page))
        box = await row.bounding_box()
        assert box
        await finger.touches("touchStart", (box["x"] + 100, box["y"] + 40))
        await expect(alice.text("1 selected")).to_be_visible()
        await finger.touches("touchEnd")
        await back(alice)
        await expect(alice.text("1 selected")).to_have_count(0)

        window = await begin(alice, "Closed by Back")
        await window.button("More").tap()
        menu = alice.page.get_by_role("menu")
        await expect(menu).to_be_visible()
        await back(alice)
        await expect(menu).to_have_count(0)
        await expect(window.box).to_be_visible()
        await eventually(lambda: alice.page.evaluate(HAS_ENTRY), "the window has its entry again")
        await alice.page.reload()
        await expect(window.box).to_be_visible()
        loaded = list(alice.documents)
        await back(alice)
        await window.is_gone()
        await is_behind(alice, "/mail/inbox")

        window = await begin(alice, "Closed by its button")
        await window.button("Save and close").tap()
        # At once, while the browser is on its way back.
        await row.tap()
        await alice.is_at_conversation()
        await expect(alice.page.get_by_role("heading", name="Order 2").first).to_be_visible()
        await alice.button("Reply").last.tap()
        await expect(alice.page.get_by_role("dialog")).to_be_visible()
        await back(alice)
        await expect(alice.page.get_by_role("dialog")).to_have_count(0)
        await alice.is_at_conversation()
        await back(alice)
        await is_behind(alice, "/mail/inbox")
        # A press too many on a button, as somebody in a hurry does it, is gone back from once.
        await alice.button("Search").last.dblclick()
        await alice.is_at("/mail/search")
        await back(alice)
        await is_behind(alice, "/mail/inbox")
        await expect(row).to_be_visible()
        assert alice.documents == loaded
        await alice.open("/mail/drafts")
        for how in ("Back", "its button"):
            await expect(alice.row(f"Closed by {how}")).to_be_visible()


async def test_back_closes_one_thing_at_a_time_where_the_page_is_the_first_of_its_tab(
    up: Trial, browser: Browser
) -> None:
    """Nothing is behind it: a press too many leaves it."""
    async with mail_page(up, browser, "first.alice", **PHONE) as alice:
        await alice.sign_up_and_wait()
        await fill_inbox(up, alice.email, 3)
        tab = await alice.page.context.new_page()
        first = MailPage(up, tab, "first.alice")
        await first.open("/mail")
        row = first.row("Order 2")
        await expect(row).to_be_visible()

        await first.button("Folders").last.tap()
        drawer = tab.get_by_role("dialog", name="Folders")
        await drawer.get_by_role("button", name="Account").tap()
        await drawer.get_by_role("button", name="Keyboard").tap()
        await expect(tab.locator("dialog[open]")).to_have_count(2)
        for left in (1, 0):
            await back(first)
            await expect(tab.locator("dialog[open]")).to_have_count(left)

        finger = Finger(await tab.context.new_cdp_session(tab))
        box = await row.bounding_box()
        assert box
        await finger.touches("touchStart", (box["x"] + 100, box["y"] + 40))
        await expect(first.text("1 selected")).to_be_visible()
        await finger.touches("touchEnd")
        await back(first)
        await expect(first.text("1 selected")).to_have_count(0)
        window = await begin(first, "Words")
        await window.button("More").tap()
        await expect(tab.get_by_role("menu")).to_be_visible()
        await back(first)
        await expect(tab.get_by_role("menu")).to_have_count(0)
        await window.button("More").tap()
        await expect(tab.get_by_role("menu")).to_be_visible()
        await back(first)
        await expect(window.box).to_be_visible()
        await back(first)
        await window.is_gone()
        await is_behind(first, "/mail")
        await first.open("/mail/drafts")
        await expect(first.row("Words")).to_be_visible()
        await tab.close()


PEOPLE = [
    {"name": f"Person {number} of the long list", "email": f"person-{number}@example.com"} for number in range(40)
]
NEWSLETTER = (
    "<body style='margin:0'><table width=640 cellpadding=0 cellspacing=0 bgcolor=#dddddd><tr><td>"
    "<img src=https://pictures.example/1.png alt='The sale' width=640 height=200><p>Ends today</table>"
)
OVERLAPS = """() => {
    const walker = document.createTreeWalker(document.querySelector('.reader .column'), NodeFilter.SHOW_TEXT)
    const lines = []
    while (walker.nextNode()) {
        const [text, range] = [walker.currentNode, document.createRange()]
        const { parentElement: around } = text
        if (!text.data.trim() || !around.checkVisibility()) continue
        range.selectNodeContents(text)
        lines.push(...[...range.getClientRects()].map((box) => [text, box]))
    }
    const isOver = (a, b) =>
        a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1
    return lines.flatMap(([text, a], at) => lines.slice(at + 1)
        .filter(([other, b]) => text !== other && isOver(a, b))
        .map(([other]) => `${text.data.slice(0, 40)} and ${other.data.slice(0, 40)}`))
}"""
"""texts that are written over each other"""


async def test_mail_to_many_people_and_a_newsletter_fit_a_phone(up: Trial, browser: Browser) -> None:
    async with newcomer(up.environment, "many.alice") as owner, mail_page(up, browser, "many.alice", **PHONE) as alice:
        person = await owner.mail()
        inbox, *_ = await person.query("Mailbox", filter={"role": "inbox"})
        for subject, html in (("To forty people", "<p>Hello all"), ("Newsletter", NEWSLETTER)):
            await person.create(
                "Email",
                mailboxIds={inbox: True},
                subject=subject,
                to=[{"email": owner.email}, *PEOPLE],
                htmlBody=[{"partId": "1", "type": "text/html"}],
                bodyValues={"1": {"value": html}},
                **{"from": [{"name": "Mara Lindqvist of the Association", "email": "mara@association.example"}]},
            )
        await alice.sign_in()
        await alice.row("To forty people").tap()
        await expect(alice.framed("Hello all")).to_be_visible()
        assert await alice.page.evaluate(OVERLAPS) == []
        for name in ("Reply", "Reply all", "Forward"):
            box = await alice.button(name).last.bounding_box()
            assert box
            assert box["y"] >= NARROW["height"] * 2 / 3, name
            assert box["x"] + box["width"] <= NARROW["width"], name
        await alice.page.locator(".to").tap()
        await expect(alice.text("person-39@example.com")).to_be_attached()
        assert await alice.page.evaluate(OVERLAPS) == []
        assert await alice.page.evaluate("document.querySelector('.scroll').scrollWidth") == NARROW["width"]

        await alice.button("Back to the list").tap()
        await alice.row("Newsletter").tap()
        frame = alice.page.locator("article iframe").content_frame
        await expect(frame.get_by_role("img", name="Blocked image: The sale")).to_be_visible()
        table = frame.locator("table")
        fits = await table.bounding_box()
        assert fits
        assert fits["x"] + fits["width"] <= NARROW["width"]
        size = alice.button("Original size")
        await size.tap()
        await expect(size).to_have_attribute("aria-pressed", "true")
        await expect(table).to_have_js_property("offsetWidth", 640)
        await eventually(lambda: frame.locator("body").evaluate("body => body.style.zoom === '1'"), "it is not scaled")
        await size.tap()
        await eventually(lambda: frame.locator("body").evaluate("body => body.style.zoom < 1"), "it is scaled again")


TABLETS = [768, 820, 915, 1024]
"""CSS pixels: tablets upright, and phones on their side"""


async def test_nothing_that_a_sender_writes_pushes_the_warning_off_the_screen_of_a_phone(
    up: Trial, browser: Browser
) -> None:
    async with (
        newcomer(up.environment, "warned.alice") as owner,
        mail_page(up, browser, "warned.alice", **PHONE) as alice,
    ):
        person = await owner.mail()
        inbox, *_ = await person.query("Mailbox", filter={"role": "inbox"})
        await person.create(
            "Email",
            mailboxIds={inbox: True},
            subject="Long " + "W" * 400,
            to=[{"name": f"{at} {'W' * 66}", "email": f"p{at}@example.com"} for at in range(300)],
            textBody=[{"partId": "1", "type": "text/plain"}],
            bodyValues={"1": {"value": "Hello"}},
            **{"from": [{"name": f"boss@example.com {'W' * 400}", "email": f"{'w' * 60}@{'w' * 60}.evil.example"}]},
        )
        await alice.sign_in()
        await alice.row("Long ").tap()
        title = await alice.text("The name hides another address").bounding_box()
        people = await alice.page.locator(".to").bounding_box()
        assert title
        assert people
        assert title["y"] + title["height"] < min(people["y"], NARROW["height"])
        await expect(alice.text("and 298 more")).to_be_visible()
        assert people["height"] < 60


async def test_no_button_is_covered_by_a_toast_or_pushed_off_the_screen_of_a_phone_or_a_tablet(
    up: Trial, browser: Browser
) -> None:
    async with mail_page(up, browser, "screen.alice", **PHONE) as alice:
        await alice.sign_up_and_wait()
        await alice.row("Welcome to your new mailbox").tap()
        await alice.is_at_conversation()
        for width in TABLETS:
            await alice.page.set_viewport_size({"width": width, "height": 600})
            await expect(alice.button("Older conversation")).to_be_visible()
            # A phone shows a page that is wider as a whole, and smaller.
            assert await alice.page.evaluate("[innerWidth, document.documentElement.scrollWidth]") == [width, width]

        await alice.open("/mail/settings/filters")
        await alice.button("New").tap()
        await alice.page.get_by_role("textbox", name="Text", exact=True).fill("boss@example.com")
        await alice.page.get_by_role("combobox", name="Folder", exact=True).select_option(index=1)
        # The mail server is away: the toast is long, and has a button.
        await alice.page.route("**/jmap/**", lambda route: route.fulfill(status=503, json={"code": "unavailable"}))
        await alice.button("Save filter").tap()
        await expect(alice.button("Try again")).to_be_visible()
        for width in (800, NARROW["width"]):
            await alice.page.set_viewport_size({"width": width, "height": 844})
            await alice.page.locator(".settings main").evaluate("main => main.scrollTo(0, main.scrollHeight)")
            assert await alice.page.evaluate(COVERED) == [], width
        await alice.page.unroute_all()

        await alice.open("/mail")
        window = await begin(alice, "Large")
        session = await alice.page.context.new_cdp_session(alice.page)
        await session.send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})
        for name in ("Save and close", "Attach files", "More", "Send"):
            box = await window.button(name).bounding_box()
            assert box
            assert box["x"] + box["width"] <= NARROW["width"], name
