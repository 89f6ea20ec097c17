"""What a hostile mail can do in the message frame: nothing. Where nothing protects, it does what it says it does, which
`make test-long` shows."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext

from chromium import ordinary_chromium
from hostile_mail.corpus import CLASSES, MAILS
from hostile_mail.harness import way
from hostile_mail.hosts import Hosts
from hostile_mail.mail import HostileMail
from hostile_mail.opening import Fate, open_all
from hostile_mail.readers import unprotected

READERS = 8
TOGETHER = 16
HTML = [mail for mail in MAILS if mail.html is not None and mail not in CLASSES["size"]]
# Of each class some, and all that the policy and the sandbox let out, so that only the frame's script stops them.
SOME = [mail for number, mail in enumerate(HTML) if mail.connects or number % 4 == 0]
AHEAD = [mail for mail in MAILS if mail.silent == "a driver's flags switch it off (the net log looks for it)"]

pytestmark = pytest.mark.timeout(300)


def _is_seen(mail: HostileMail, fate: Fate) -> bool:
    """The page says of a large mail that it is large, or shows its text in time."""
    return fate.shown == "height" or (mail.large and fate.shown in ("large", "silent"))


def harmful(fates: Mapping[str, Fate]) -> list[str]:
    return [f"{name}: {fate}" for name, fate in sorted(fates.items()) if not fate.harmless()]


@pytest.mark.long
async def test_every_attack_reaches_out_where_nothing_protects(
    context: BrowserContext, evil: Hosts, unsafe: str
) -> None:
    """Otherwise the other tests would prove nothing. Most do it beside others in one page; who is quiet, since another
    mail stopped it, does it beside fewer, and at last gets a page."""
    quiet = [mail for mail in MAILS if mail.silent is None and not mail.large]
    ways = [
        ("plain", 1, 40),
        ("twice", 1, 40),
        ("plain", 2, 40),
        ("plain", 2, 1),
        ("twice", 3, 1),
        ("plain", 8, 1),
        ("twice", 8, 1),
    ]
    for kind, seconds, together in ways:
        fates = await open_all(context, evil, quiet, unprotected(unsafe, kind, seconds, together), READERS)
        quiet = [mail for mail in quiet if not fates[mail.id].reached_out(mail.id)]
    assert [mail.id for mail in quiet] == []


@pytest.mark.long
@pytest.mark.parametrize("kind", ["plain", "twice"])
async def test_mail_that_is_said_to_be_silent_is_silent(
    context: BrowserContext, evil: Hosts, unsafe: str, kind: str
) -> None:
    """One that Chromium lets out one day is an attack like any other: then `silent` is wrong."""
    silent = [mail for mail in MAILS if mail.silent and mail.names_its_host() and not mail.large]
    fates = await open_all(context, evil, silent, unprotected(unsafe, kind, 1, together=40), READERS)
    assert [mail.id for mail in silent if fates[mail.id].reached_out(mail.id)] == []


@pytest.mark.long
async def test_policy_and_sandbox_without_the_sanitizer_let_known_requests_out(
    context: BrowserContext, evil: Hosts, unsafe: str
) -> None:
    """So the sanitizer and the frame's own script are needed."""
    quiet = [mail for mail in MAILS if mail.connects]
    for seconds in (2, 8):
        fates = await open_all(context, evil, quiet, unprotected(unsafe, "framed", seconds), READERS)
        quiet = [mail for mail in quiet if not fates[mail.id].calls]
    assert [mail.id for mail in quiet] == []


@pytest.mark.parametrize("mails", [SOME, pytest.param(HTML, marks=pytest.mark.long)], ids=["some", "all"])
async def test_frame_holds_without_the_sanitizer(
    context: BrowserContext, evil: Hosts, origin: str, mails: list[HostileMail]
) -> None:
    """Each of the two protects without the other."""
    fates = await open_all(context, evil, mails, way(origin, sanitized=False, together=TOGETHER), READERS)
    assert harmful(fates) == []


async def test_frame_lets_nothing_out_and_shows_each_mail_within_two_seconds_or_calls_it_large(
    tmp_path: Path, origin: str, unsafe: str
) -> None:
    """The page itself gives up what is not shown within two seconds.

    A browser may look up a name or dial a host ahead of need. Neither is a request, and no policy stops either. A
    browser that is driven does not do it: so this one is started as people start it, and its log is searched."""
    log = tmp_path / "net-log.json"
    # Names below localhost are never asked of another machine; Chromium logs them like any other.
    control, evil = Hosts("control.localhost"), Hosts("evil.localhost")
    flags = [f"--log-net-log={log}", "--net-log-capture-mode=IncludeSensitive", "--disable-popup-blocking"]
    unseen = [mail for mail in MAILS if mail.html is not None]
    async with ordinary_chromium(tmp_path / "profile", *flags) as browser:
        context = browser.contexts[0]
        await open_all(context, control, AHEAD, unprotected(unsafe, "plain", 1, domain=control.domain), READERS)
        for together, readers in ((TOGETHER, READERS), (4, 2), *[(1, 1)] * 3):  # a busy machine is slow
            seen = way(origin, together=together, domain=evil.domain)
            fates = await open_all(context, evil, unseen, seen, readers)
            assert harmful(fates) == []
            unseen = [mail for mail in unseen if not _is_seen(mail, fates[mail.id])]
    assert [mail.id for mail in unseen] == []
    logged = log.read_text(errors="replace")
    assert set(re.findall(r"([a-z0-9-]+)\.evil\.localhost", logged)) == set()
    assert set(re.findall(r"([a-z0-9-]+)\.control\.localhost", logged)) == {mail.id for mail in AHEAD}
