"""What a returning person sees before the network has answered, and what nobody else ever sees of it, in Chromium."""

import re

from playwright.async_api import Browser, BrowserContext, Page, expect

from ended_session import end_session
from eventually import eventually
from incoming_mail import letter, send
from kratos_servers import PASSWORD
from mail_page import MailPage, mail_page
from newcomer import newcomer
from trial import Trial

SECRET, WELCOME = "Only for Alice", "Welcome to your new mailbox"

# Every state of the document, also one that lasts for less than a frame.
_WATCH = """() => {
  const look = () => document.querySelectorAll('[data-thread]').forEach((row) => seen(row.textContent))
  new MutationObserver(look).observe(document, {subtree: true, childList: true, characterData: true})
  look()
}"""


async def with_kept_mail(up: Trial, alice: MailPage) -> None:
    """Sign up, get a mail, and wait until the browser keeps it."""
    await alice.sign_up_and_wait()
    host, _, port = (await up.stalwart())["lmtp"].rpartition(":")
    await send((host, int(port)), alice.email, content=letter(f"Subject: {SECRET}"))
    await expect(alice.row(SECRET)).to_be_visible()
    await eventually(lambda: _keeps(alice.page), "the browser keeps the mail", within=15)


async def _keeps(page: Page) -> bool:
    return await page.evaluate(
        """async (subject) => {
          const [{ name }] = await indexedDB.databases()
          const database = await new Promise((resolve, reject) =>
            Object.assign(indexedDB.open(name), { onsuccess: (e) => resolve(e.target.result), onerror: reject }))
          const request = database.transaction('email').objectStore('email').getAll()
          const emails = await new Promise((resolve) => (request.onsuccess = () => resolve(request.result)))
          database.close()
          return emails.some((email) => email.subject === subject)
        }""",
        SECRET,
    )


async def watch(context: BrowserContext, page: Page) -> list[str]:
    """The text of each row that is ever in a document of this browser, from now on."""
    seen: list[str] = []
    await context.expose_function("seen", lambda text: seen.append(text))
    await context.add_init_script(f"({_WATCH})()")
    await page.evaluate(_WATCH)
    return seen


async def without_network(page: Page) -> None:
    """Every call is held, and never answered; pages and files are served."""
    for path in ("/jmap/**", "/api/**", "/.ory/**"):
        await page.route(f"**{path}", lambda _: None)


async def sign_in_as(page: Page, email: str) -> None:
    await page.get_by_role("textbox", name="Address", exact=True).fill(email)
    await page.get_by_role("textbox", name="Password", exact=True).fill(PASSWORD)
    await page.keyboard.press("Enter")


async def test_kept_list_is_shown_before_any_call_is_answered_and_to_nobody_without_the_session(
    up: Trial, browser: Browser
) -> None:
    async with mail_page(up, browser, "kept.alice") as alice:
        await with_kept_mail(up, alice)
        page, context = alice.page, alice.page.context
        await without_network(page)
        await alice.open("/mail")
        await expect(alice.row(SECRET)).to_be_visible()
        await expect(page).to_have_title(re.compile(rf"^\(2\) Inbox . {re.escape(alice.email)}$"))

        await page.goto("about:blank")
        seen, cookies = await watch(context, page), await context.cookies()
        await context.clear_cookies()
        await alice.open("/mail")
        await expect(page.get_by_role("img", name="Loading")).to_be_visible()  # it has decided to wait
        assert await _keeps(page), "it could have been read by now"
        assert seen == []

        await page.goto("about:blank")  # with the cookie the page before would show the list again
        await page.unroute_all()
        await context.add_cookies(cookies)  # type: ignore[arg-type] - as read
        await end_session(up, alice)
        await alice.open("/mail")
        await alice.is_at("/sign-in")
        assert seen == []


async def test_somebody_else_on_the_same_browser_never_sees_a_row_of_the_first_person(
    up: Trial, browser: Browser
) -> None:
    async with newcomer(up.environment, "bob.next") as bob, mail_page(up, browser, "alice.before") as alice:
        await bob.mail()
        await with_kept_mail(up, alice)
        await alice.page.goto("about:blank")
        seen = await watch(alice.page.context, alice.page)
        await alice.page.context.clear_cookies()  # the session expired: nobody signed out
        await alice.open("/sign-in")
        await sign_in_as(alice.page, bob.email)
        await expect(alice.row(WELCOME)).to_be_visible()
        await alice.open("/mail")
        await expect(alice.row(WELCOME)).to_be_visible()
        assert seen
        assert not [text for text in seen if SECRET in text]

        # No page is loaded between the two: what the service said about the first must not count for the second.
        await alice.page.context.clear_cookies()
        await alice.sign_in()
        await expect(alice.row(SECRET)).to_be_visible()
        await alice.page.context.clear_cookies()
        await alice.page.evaluate("dispatchEvent(new Event('online'))")
        await alice.page.get_by_role("link", name="Sign in").first.click()
        await alice.is_at("/sign-in")
        await expect(alice.row(SECRET)).to_be_hidden()
        seen.clear()
        await sign_in_as(alice.page, bob.email)
        await expect(alice.row(WELCOME)).to_be_visible()
        assert not [text for text in seen if SECRET in text]


async def test_an_address_without_a_page_says_so_and_is_loaded_once(up: Trial, browser: Browser) -> None:
    """A page that takes itself for one of an old build would load itself again and again."""
    async with mail_page(up, browser, "nobody") as page:
        await page.open("/no/such/page")
        await expect(page.text("There is no such page.")).to_be_visible()
        version = await page.page.evaluate("fetch('/_app/version.json').then((answer) => answer.json())")
        await expect(page.text("There is no such page.")).to_be_visible()
        assert version["version"]
        assert len(page.documents) == 1
