"""What a hostile mail can do where it is quoted: in the page itself, where a draft is written. Nothing, although no
policy protects that page."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, BrowserContext

from chromium import chromium
from hostile_mail.corpus import MAILS
from hostile_mail.harness import quoting_way
from hostile_mail.hosts import Hosts, hosts
from hostile_mail.opening import open_all

READERS = 8
TOGETHER = 16
HTML = [mail for mail in MAILS if mail.html is not None]
LEAST = 150
"""Mails that reach out of the page where they are not sanitized. The others need a document of their own."""

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
async def evil() -> AsyncIterator[Hosts]:
    async with hosts(HTML) as opened:
        yield opened


@pytest.fixture(scope="module")
async def browser(evil: Hosts) -> AsyncIterator[Browser]:
    async with chromium(f"--host-resolver-rules={evil.rules()}") as opened:
        yield opened


@pytest.fixture
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    async with await browser.new_context() as opened:
        yield opened


async def test_mails_reach_out_of_the_page_where_they_are_not_sanitized(
    context: BrowserContext, evil: Hosts, bare_origin: str
) -> None:
    """Otherwise the next test would prove nothing."""
    light = [mail for mail in HTML if not mail.is_heavy() and not mail.needs_a_hand()]
    fates = await open_all(context, evil, light, quoting_way(bare_origin, sanitized=False), READERS)
    assert len([mail.id for mail in light if fates[mail.id].reached_out(mail.id)]) >= LEAST


async def test_quote_of_a_mail_does_nothing_and_loads_nothing(
    context: BrowserContext, evil: Hosts, bare_origin: str
) -> None:
    fates = await open_all(context, evil, HTML, quoting_way(bare_origin, together=TOGETHER), READERS)
    assert [f"{name}: {fate}" for name, fate in sorted(fates.items()) if not fate.harmless()] == []
    assert {fate.shown for fate in fates.values()} == {"quote", "large"}
