"""The ways in which the tests read mails without protection."""

from collections.abc import Mapping, Sequence

from playwright.async_api import Page

from hostile_mail.hosts import DOMAIN
from hostile_mail.mail import HostileMail
from hostile_mail.opening import Way


def unprotected(origin: str, kind: str, seconds: float, together: int = 1, domain: str = DOMAIN) -> Way:
    """By a reader of `unprotected.py`; until that time has passed without a call."""

    async def opened(page: Page, mails: Sequence[HostileMail]) -> Mapping[str, str]:
        ids = [mail.id for mail in mails]
        path = f"{kind}/{domain}/{ids[0]}" if len(ids) == 1 else f"together/{kind}/{domain}/{','.join(ids)}"
        # A page that leaves at once never has its content loaded.
        until = "domcontentloaded" if mails[0].click else "commit"
        await page.goto(f"{origin}/{path}", wait_until=until)
        return dict.fromkeys(ids, "page")

    frame = "iframe" if kind == "framed" else None
    return Way(origin, opened, together=together, stays=False, early=True, settle=seconds, frame=frame)
