"""The requests that detect new mail, on Debian's Cyrus, an independent server, and on Stalwart or its stand-in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest

from jmap_server import JmapServer, MailPerson, letter
from postroom.arrivals.ports import ChangesPage, HistoryLost
from postroom.errors import Misconfigured
from postroom.jmap import mail_changes
from postroom.jmap.mail_changes import JmapMail
from postroom.mailboxes.ports import MailAccount

SOON = 10.0


@dataclass
class Known:
    """The port `MailAuthorization` for one person."""

    authorization: str

    async def header(self, account: MailAccount) -> str:
        return self.authorization

    async def refused(self, account: MailAccount, header: str) -> bool:
        return False


@dataclass
class Mailbox:
    """The mailbox of a person. It contains whatever other tests left in it."""

    mail: JmapMail
    server: JmapServer
    person: MailPerson

    @property
    def account(self) -> MailAccount:
        return MailAccount(UUID(int=1), self.person.email, self.person.account_id)

    async def deliver(self) -> None:
        await self.server.deliver(letter(uuid4().hex), self.person.email)

    async def since(self, state: str) -> list[ChangesPage]:
        return [page async for page in self.mail.since(self.account, state)]

    async def since_with(self, created: int, state: str) -> list[ChangesPage]:
        """The changes since then, with at least `created` emails. Stalwart responds 250 to LMTP a moment before the
        message is in the mailbox."""
        for _ in range(200):
            pages = await self.since(state)
            if sum(len(page.created) for page in pages) >= created:
                return pages
            await asyncio.sleep(0.05)
        raise AssertionError(f"not all {created} messages are there after 10 s")


@pytest.fixture(params=["cyrus", "stalwart_mail"])
def server(request: pytest.FixtureRequest) -> JmapServer:
    return request.getfixturevalue(request.param)


@pytest.fixture
async def mailbox(server: JmapServer) -> AsyncIterator[Mailbox]:
    person = server.people[0]
    mail = JmapMail(server.url, Known(person.authorization))
    yield Mailbox(mail, server, person)
    await mail.aclose()


async def test_changes_list_new_mail_with_its_mailboxes_and_nothing_else(mailbox: Mailbox) -> None:
    state = await mailbox.mail.current_state(mailbox.account)
    assert [page.created for page in await mailbox.since(state)] == [[]]
    await mailbox.deliver()
    (page,) = await mailbox.since_with(1, state)
    (email,) = page.created
    assert [page.roles[each] for each in email.mailbox_ids] == ["inbox"]
    assert email.received_at
    assert not email.keywords & {"$seen", "$draft"}
    assert page.state == await mailbox.mail.current_state(mailbox.account) != state


async def test_email_changes_are_read_page_by_page_to_the_current_state(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_changes, "PAGE", 2)
    state = await mailbox.mail.current_state(mailbox.account)
    for _ in range(5):
        await mailbox.deliver()
    pages = await mailbox.since_with(5, state)
    assert all(len(page.created) <= 2 for page in pages)
    assert len({email.id for page in pages for email in page.created}) == 5
    assert pages[-1].state == await mailbox.mail.current_state(mailbox.account)


async def test_state_unknown_to_the_server_means_lost_history(server: JmapServer, mailbox: Mailbox) -> None:
    with pytest.raises(HistoryLost):
        await mailbox.since(server.lost_state)


async def test_wrong_credentials_are_distinguished(server: JmapServer, mailbox: Mailbox) -> None:
    mail = JmapMail(server.url, Known("Basic bm9ib2R5Ondyb25n"))
    try:
        with pytest.raises(Misconfigured) as raised:
            await mail.current_state(mailbox.account)
    finally:
        await mail.aclose()
    assert raised.value.unauthorized


async def test_a_delivery_reaches_a_listener_and_the_changes_name_it(server: JmapServer, mailbox: Mailbox) -> None:
    async with asyncio.timeout(SOON), aclosing(mailbox.mail.listen(mailbox.account)) as states:
        if await anext(states, "the end") == "the end":
            pytest.skip(f"NOT TESTED: this {server.name} has no event source (204), as the 3.6 of Debian 12 has none")
        state = await mailbox.mail.current_state(mailbox.account)
        await mailbox.deliver()
        reported = await anext(states)
    pages = await mailbox.since(state)
    assert (pages[-1].state, sum(len(page.created) for page in pages)) == (reported, 1)
