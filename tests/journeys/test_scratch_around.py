import sys
from playwright.async_api import Browser
from mail_page import mail_page
from trial import Trial

async def test_explore(up: Trial, browser: Browser) -> None:
    async with mail_page(up, browser, "wr.alice") as alice:
        alice.page.on("console", lambda m: print("CONSOLE", m.type, m.text, file=sys.stderr))
        alice.page.on("pageerror", lambda e: print("PAGEERROR", e, e.stack, file=sys.stderr))
        await alice.sign_up_and_wait()
        await alice.page.wait_for_timeout(1500)
        print(await alice.page.evaluate("document.body.innerText.slice(0,200)"), file=sys.stderr)
        await alice.page.keyboard.press("c")
        await alice.page.wait_for_timeout(3000)
        print(await alice.page.evaluate("document.body.innerText.slice(0,300)"), file=sys.stderr)
