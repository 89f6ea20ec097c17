"""The interface that a browser keeps: it starts without a network, it outlives an upgrade, and it shows nobody the mail
of somebody else. In Chromium, restarted with its profile."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from playwright.async_api import BrowserContext, ConsoleMessage, Page, async_playwright, expect

from built_web import require_interface
from chromium import chromium_path, needed_flags
from eventually import eventually
from incoming_mail import letter, send
from mail_page import MailPage
from other_build import settings_of, write_other_build
from trial import Trial, running_trial
from writing_page import Window, begin

pytestmark = pytest.mark.timeout(300)  # services start and stop

SUBJECT = "The boats"
KEPT = {"/mail", "/mail/person"}
"""What a browser keeps besides files of the build."""

_KEEPS = """async () => {
  const registration = await navigator.serviceWorker.getRegistration('/mail')
  const names = await caches.keys()
  return Boolean(registration?.active && !registration.installing) && names.includes('postroom-person')
    && names.filter((name) => name.startsWith('postroom-build-'))
}"""

_CACHED = """async () => {
  const paths = []
  for (const name of await caches.keys())
    for (const { url } of await (await caches.open(name)).keys()) paths.push(new URL(url).pathname)
  return paths
}"""


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Trial]:
    """A trial of its own: it is stopped, and comes back with another build."""
    require_interface()
    (tmp_path / "trial").mkdir()
    async with running_trial(tmp_path / "trial") as started:
        yield started


class Device:
    """A browser with a profile."""

    def __init__(self, context: BrowserContext, service: Trial, name: str) -> None:
        self.context = context
        self._service = service
        self._name = name
        self.errors: list[str] = []

    async def page(self) -> MailPage:
        page = MailPage(self._service, await self.context.new_page(), self._name)
        page.page.on("console", self._said)
        page.page.on("pageerror", lambda error: self.errors.append(str(error)))
        return page

    def _said(self, said: ConsoleMessage) -> None:
        # That nobody answers, the browser says itself.
        if said.type in ("error", "warning") and "Failed to load resource" not in said.text:
            self.errors.append(said.text)


@asynccontextmanager
async def device(profile: Path, service: Trial, name: str = "alice") -> AsyncIterator[Device]:
    """Afterwards: no page complained."""
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            profile,
            executable_path=chromium_path(),
            args=needed_flags(),
            locale="en-GB",
            viewport={"width": 1440, "height": 900},
        )
        context.set_default_timeout(15_000)
        used = Device(context, service, name)
        yield used
        await context.close()
    assert used.errors == [], used.errors


async def keeps(page: Page, builds: int = 1) -> None:
    """So many of them, and the worker of the last one is in charge."""

    async def is_kept() -> bool:
        return len(await page.evaluate(_KEEPS) or []) == builds

    await eventually(is_kept, f"the browser keeps {builds} builds", 60)


async def brings_mail(service: Trial, alice: MailPage) -> None:
    """One with formats, which is shown in a frame."""
    host, _, port = (await service.stalwart())["lmtp"].rpartition(":")
    html = b"<p>Come <b>early</b>.</p>"
    mail = letter(f"Subject: {SUBJECT}", "Content-Type: text/html").partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + html
    await send((host, int(port)), alice.email, content=mail)
    await expect(alice.row(SUBJECT)).to_be_visible()


async def reads(alice: MailPage) -> None:
    await alice.row(SUBJECT).click()
    await expect(alice.framed("early")).to_be_visible()


async def upgrade(service: Trial, tmp_path: Path) -> None:
    """Before it starts again."""
    settings = settings_of(write_other_build(tmp_path / "upgraded"), tmp_path / "scripts")
    service.settings = {**service.settings, **settings}


async def test_without_a_network_mail_is_there_and_a_draft_outlives_the_upgrade(service: Trial, tmp_path: Path) -> None:
    profile = tmp_path / "profile"
    async with device(profile, service) as first:
        alice = await first.page()
        await alice.sign_up_and_wait()
        await brings_mail(service, alice)
        await reads(alice)
        await keeps(alice.page)
        paths = await alice.page.evaluate(_CACHED)
        assert not [path for path in paths if not path.startswith("/_app/immutable/") and path not in KEPT], paths
    await service.interrupt()

    async with device(profile, service) as second:
        alice = await second.page()
        await alice.open("/mail")
        await reads(alice)
        window = await begin(alice, ["bob@example.org"], "Without a network", "Written in the tunnel.")
        await window.is_kept()

    async with device(profile, service) as third:
        alice = await third.page()
        await alice.open("/mail")
        await expect(Window(alice, "Without a network").text).to_have_text("Written in the tunnel.")
        await upgrade(service, tmp_path)
        await service.up()
        # The page of the old build goes on with the new service.
        await expect(alice.button("Live")).to_be_visible(timeout=60_000)
        window = Window(alice, "Without a network")
        await window.is_saved()
        await alice.page.reload()
        await expect(window.text).to_have_text("Written in the tunnel.")
        await keeps(alice.page, 2)
        assert await served_version(service) in await alice.page.content()


async def served_version(service: Trial) -> str:
    async with httpx2.AsyncClient(base_url=service.environment["POSTROOM_URL"], trust_env=False) as http:
        return (await http.get("/_app/version.json")).json()["version"]


async def test_nobody_sees_the_mail_of_who_is_gone_and_who_is_rid_of_the_interface_goes_on(
    service: Trial, tmp_path: Path
) -> None:
    async with device(tmp_path / "profile", service) as used:
        alice = await used.page()
        await alice.sign_up_and_wait()
        await brings_mail(service, alice)
        await keeps(alice.page)
        await used.context.clear_cookies()  # the session expired: nobody signed out
        await alice.open("/mail")
        await alice.is_at("/sign-in")
        await service.interrupt()
        await alice.open("/mail")
        await expect(alice.text("Postroom is unavailable").or_(alice.text("You are offline")).first).to_be_visible()
        assert SUBJECT not in await alice.page.content()

        await service.up()
        await alice.sign_in()
        await alice.is_at("/mail")
        await alice.open("/sign-out")
        await alice.button("Sign out").click()
        await alice.is_at("/sign-in")
        assert await alice.page.evaluate("caches.keys()") == []

        await alice.sign_in()
        await alice.is_at("/mail")
        await keeps(alice.page)
        # The operator switches it off.
        await service.interrupt()
        service.settings = {**service.settings, "POSTROOM_KEEP_INTERFACE": "false"}
        await service.up()
        await alice.page.reload()
        await eventually(lambda: is_rid_of_it(alice.page), "the browser keeps nothing of the interface", 30)
        await alice.page.reload()
        await expect(alice.row("Welcome to your new mailbox")).to_be_visible()


async def is_rid_of_it(page: Page) -> bool:
    return await page.evaluate(
        """async () => (await navigator.serviceWorker.getRegistrations()).length === 0
          && (await caches.keys()).filter((name) => name.startsWith('postroom-build-')).length === 0"""
    )
