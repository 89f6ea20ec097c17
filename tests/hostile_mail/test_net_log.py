"""No mail makes the browser look up a name or dial a host ahead of need. Neither is a request, and no policy stops
either. A browser that is driven does not do it: so this one is started as people start it, and its log is searched."""

import re
from pathlib import Path

import pytest

from chromium import ordinary_chromium
from hostile_mail.corpus import MAILS
from hostile_mail.harness import way
from hostile_mail.hosts import Hosts
from hostile_mail.opening import open_all
from hostile_mail.readers import unprotected

READERS = 4
AHEAD = [mail for mail in MAILS if mail.silent == "a driver's flags switch it off (the net log looks for it)"]

pytestmark = pytest.mark.timeout(300)


async def test_no_mail_is_known_to_the_network_before_consent(tmp_path: Path, origin: str, unsafe: str) -> None:
    log = tmp_path / "net-log.json"
    # Names below localhost are never asked of another machine; Chromium logs them like any other.
    control, evil = Hosts("control.localhost"), Hosts("evil.localhost")
    flags = [f"--log-net-log={log}", "--net-log-capture-mode=IncludeSensitive"]
    async with ordinary_chromium(tmp_path / "profile", *flags) as browser:
        context = browser.contexts[0]
        await open_all(context, control, AHEAD, unprotected(unsafe, "plain", 1, domain=control.domain), READERS)
        shown = [mail for mail in MAILS if mail.html and not mail.large]
        await open_all(context, evil, shown, way(origin, together=16, domain=evil.domain), READERS)
    logged = log.read_text(errors="replace")
    leaked = set(re.findall(r"([a-z0-9-]+)\.evil\.localhost", logged))
    assert not leaked, "\n".join(sorted(leaked))
    seen = set(re.findall(r"([a-z0-9-]+)\.control\.localhost", logged))
    assert seen == {mail.id for mail in AHEAD}
