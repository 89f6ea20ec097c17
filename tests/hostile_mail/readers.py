"""The ways in which the tests read a mail."""

from playwright.async_api import Page

from hostile_mail.mail import HostileMail
from hostile_mail.opening import Way


def unprotected(origin: str, kind: str, seconds: float) -> Way:
    """By a reader of `unprotected.py`; at most for that time."""

    async def opened(page: Page, mail: HostileMail, place: str) -> str:
        # A page that leaves at once never has its content loaded.
        until = "domcontentloaded" if mail.click else "commit"
        await page.goto(f"{origin}/{kind}/{place}/{mail.id}", wait_until=until)
        return "page"

    return Way(origin, opened, stays=False, early=True, settle=seconds, frame="iframe" if kind == "framed" else None)
