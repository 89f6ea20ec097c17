"""What a hostile mail can do where it is quoted: in the page itself, where a draft is written. Nothing, although no
policy protects that page."""

import pytest
from playwright.async_api import BrowserContext

from hostile_mail.corpus import MAILS
from hostile_mail.harness import quoting_way
from hostile_mail.hosts import Hosts
from hostile_mail.opening import open_all

READERS = 8
TOGETHER = 16
HTML = [mail for mail in MAILS if mail.html is not None]
LEAST = 150
"""Mails that reach out of the page where they are not sanitized. The others need a document of their own."""

pytestmark = pytest.mark.timeout(300)


@pytest.mark.long
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
