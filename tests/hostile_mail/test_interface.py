"""The whole way of a hostile mail: by LMTP into a mailbox, through the gateway, onto the interface that people use."""

from pathlib import Path

import pytest

from built_web import require_interface
from chromium import chromium
from hostile_mail.corpus import MAILS
from hostile_mail.hosts import hosts
from hostile_mail.mailbox import hostile_mailbox
from hostile_mail.opening import open_all

MESSAGES = [mail for mail in MAILS if mail.html is None]
# The frame has seen all HTML: these are for the way to it. A link that is pressed is opened, as it should be.
SOME_HTML = [mail for mail in MAILS if mail.html is not None and not mail.id.startswith(("link-", "dangling-"))][::16]
LARGE = [mail for mail in MAILS if mail.html is not None and mail.large][::4]
ALL = list(dict.fromkeys([*MESSAGES, *SOME_HTML, *LARGE]))

pytestmark = pytest.mark.timeout(400)


async def test_no_hostile_mail_does_anything_to_the_person_who_reads_it(tmp_path: Path) -> None:
    require_interface()
    async with (
        hosts(ALL) as evil,
        chromium(f"--host-resolver-rules={evil.rules()}") as browser,
        hostile_mailbox(tmp_path, ALL) as mailbox,
    ):
        context = await browser.new_context()
        await mailbox.person.enter(context)
        fates = await open_all(context, evil, ALL, mailbox.way(), readers=2)
    harmful = [f"{name}: {fate}" for name, fate in fates.items() if not fate.harmless()]
    assert not harmful, "\n".join(harmful)
    unseen = [name for name, fate in fates.items() if not fate.shown]
    assert not unseen, "\n".join(unseen)
