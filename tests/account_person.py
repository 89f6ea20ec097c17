"""A person at the pages for signing in, in a browser of their own."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, CDPSession, Locator, Page, Request, expect
from playwright.async_api import TimeoutError as Late

from account_pages import Site
from kratos_browser import new_address
from kratos_servers import PASSWORD

START = "/preparing"
"""Where `/` leads while no mailbox is requested."""


class AccountPerson:
    def __init__(self, site: Site, page: Page) -> None:
        self.site = site
        self.page = page
        self.email = new_address()
        self.requested: list[str] = []
        """every address that the browser asked for"""
        self.errors: list[str] = []
        page.on("request", self._request)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda said: self.errors.append(said.text) if "Content Security" in said.text else None)

    def _request(self, request: Request) -> None:
        self.requested.append(request.url)

    async def open(self, path: str) -> None:
        await self.page.goto(self.site.url(path))

    def field(self, label: str) -> Locator:
        return self.page.get_by_role("textbox", name=label, exact=True)

    async def fill(self, **values: str) -> None:
        """`new_password="x"` fills the field New password."""
        for label, value in values.items():
            await self.field(label.replace("_", " ").capitalize()).fill(value)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    async def press(self, button: str, **values: str) -> None:
        """Once these fields are filled."""
        await self.fill(**values)
        await self.button(button).click()

    async def sees(self, text: str | re.Pattern[str]) -> None:
        await expect(self.page.get_by_text(text).first).to_be_visible()

    async def is_at(self, path: str) -> None:
        """The browser shows the page at this path, of our origin."""
        try:
            await self.page.wait_for_url(lambda url: url.startswith(self.site.origin) and urlsplit(url).path == path)
        except Late as failure:
            failure.add_note(f"at {self.page.url}:\n{await self.page.locator('body').aria_snapshot()}")
            raise

    async def sign_up(self, path: str = "/sign-up") -> None:
        await self.open(path)
        await self.press("Sign up", address=self.email, password=PASSWORD)
        await self.is_at(START)

    async def sign_in(self, path: str = "/sign-in", password: str = PASSWORD) -> None:
        """Type the password; what comes then is for the test."""
        await self.open(path)
        await self.press("Sign in", address=self.email, password=password)

    async def sign_out(self) -> None:
        await self.open("/settings")
        await self.press("Sign out")
        await self.is_at("/sign-in")

    async def whoami(self) -> Any:
        """The session, as the browser's cookie proves it; None without."""
        answer = await self.page.request.get(self.site.url("/.ory/kratos/public/sessions/whoami"))
        return await answer.json() if answer.status == 200 else None

    async def authenticator(self, *, resident: bool = True) -> tuple[CDPSession, str]:
        """Give the browser an authenticator that confirms everything by itself (WebAuthn §11)."""
        session = await self.page.context.new_cdp_session(self.page)
        await session.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": resident,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        made = await session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        return session, made["authenticatorId"]


@asynccontextmanager
async def person_at(site: Site, browser: Browser, **context: Any) -> AsyncIterator[AccountPerson]:
    """Afterwards: no script failed, the policy blocked nothing, and no script of Kratos was loaded."""
    options: dict[str, Any] = {"locale": "en-GB"} | context
    own = await browser.new_context(**options)
    try:
        own.set_default_timeout(15_000)
        person = AccountPerson(site, await own.new_page())
        yield person
        assert person.errors == []
        assert not [url for url in person.requested if "webauthn.js" in url]
    finally:
        # Chromium may never answer while it clears a storage.
        async with asyncio.timeout(30):
            await own.close()
