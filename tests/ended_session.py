"""A session of a browser that ends elsewhere."""

import httpx2

from mail_page import MailPage
from newcomer import Newcomer
from trial import Trial


async def end_session(up: Trial, alice: MailPage) -> None:
    """Somebody else ends it; the browser keeps the cookie, which is worth nothing from now on."""
    url = up.environment["POSTROOM_URL"]
    cookies = {each.get("name", ""): each.get("value", "") for each in await alice.page.context.cookies()}
    headers = {"Origin": url}
    async with httpx2.AsyncClient(base_url=url, trust_env=False, headers=headers, cookies=cookies) as http:
        await Newcomer(http, up.environment, alice.email).log_out()
