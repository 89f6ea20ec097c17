"""What a hostile mail can do in the message frame: nothing. Where nothing protects, it does what it says it does."""

from collections.abc import AsyncIterator, Mapping

import pytest
from playwright.async_api import BrowserContext

from chromium import chromium
from hostile_mail.corpus import CLASSES, MAILS
from hostile_mail.harness import way
from hostile_mail.hosts import Hosts, hosts
from hostile_mail.mail import HostileMail
from hostile_mail.opening import Fate, open_all
from hostile_mail.readers import unprotected

PLACES = 8
HTML = [mail for mail in MAILS if mail.html is not None]

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
async def evil() -> AsyncIterator[Hosts]:
    async with hosts(PLACES) as opened:
        yield opened


@pytest.fixture(scope="module")
async def context(evil: Hosts) -> AsyncIterator[BrowserContext]:
    async with chromium(f"--host-resolver-rules={evil.rules()}") as browser:
        yield await browser.new_context()


def listed(fates: Mapping[str, Fate]) -> str:
    return "\n".join(f"{name}: {fate}" for name, fate in sorted(fates.items()))


async def test_every_attack_reaches_out_where_nothing_protects(
    context: BrowserContext, evil: Hosts, unsafe: str
) -> None:
    """Otherwise the other tests would prove nothing. `silent` is the reason of attacks that cannot send a request."""
    loud = [mail for mail in MAILS if mail.silent is None and not mail.large]
    once = [mail for mail in loud if mail not in CLASSES["mutation"]]
    fates = await open_all(context, evil, once, unprotected(unsafe, "plain", 3))
    quiet = [mail for mail in loud if mail not in once or not fates[mail.id].reached_out()]
    fates = await open_all(context, evil, quiet, unprotected(unsafe, "twice", 3))
    quiet = [mail for mail in quiet if not fates[mail.id].reached_out()]
    fates = await open_all(context, evil, quiet, unprotected(unsafe, "plain", 3))
    silent = [name for name, fate in fates.items() if not fate.reached_out()]
    assert not silent, "\n".join(silent)


async def test_policy_and_sandbox_without_the_sanitizer_let_known_requests_out(
    context: BrowserContext, evil: Hosts, unsafe: str
) -> None:
    mails = [mail for mail in MAILS if mail.connects]
    fates = await open_all(context, evil, mails, unprotected(unsafe, "framed", 1.5))
    kept = [name for name, fate in fates.items() if not fate.calls]
    assert not kept, "\n".join(kept)


async def test_frame_lets_nothing_out(context: BrowserContext, evil: Hosts, origin: str) -> None:
    fates = await open_all(context, evil, HTML, way(origin, "show"))
    harmful = {name: fate for name, fate in fates.items() if not fate.harmless()}
    assert not harmful, listed(harmful)
    unseen = {mail.id: fates[mail.id] for mail in HTML if fates[mail.id].shown not in shown_as(mail)}
    assert not unseen, listed(unseen)


def shown_as(mail: HostileMail) -> tuple[str, ...]:
    return ("height", "large") if mail.large else ("height",)


async def test_frame_holds_without_the_sanitizer(context: BrowserContext, evil: Hosts, origin: str) -> None:
    """Neither wall rests on the other. What is too large never comes here."""
    small = [mail for mail in HTML if mail not in CLASSES["size"]]
    fates = await open_all(context, evil, small, way(origin, "showBare"))
    harmful = {name: fate for name, fate in fates.items() if not fate.harmless()}
    assert not harmful, listed(harmful)
