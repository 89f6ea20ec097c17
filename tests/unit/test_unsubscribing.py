"""Unsubscribing as a person: once a message, within limits, and told in the log without what the URL says of them.

Nothing that is read of the message may look as if a header were missing."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import cast
from uuid import UUID, uuid4

import pytest
from structlog.testing import capture_logs

from mail_fakes import an_account
from postroom.domain.person import Person, Scope
from postroom.errors import ListServerFailed, MailServerError, Refused
from postroom.jmap.mail_changes import JmapMail
from postroom.jmap.request import Call
from postroom.jmap.response import MethodResponses
from postroom.mailboxes.ports import MailAccount
from postroom.unsubscribe.list_mail import JmapListMail
from postroom.unsubscribe.list_uri import HttpsUrl
from postroom.unsubscribe.one_click import ListMail
from postroom.unsubscribe.unsubscribing import (
    AT_ONCE,
    AT_ONCE_FOR_PERSON,
    DAY,
    IN_A_DAY,
    IN_A_MINUTE,
    MINUTE,
    TO_A_HOST_IN_A_MINUTE,
    Unsubscribing,
    require_scopes,
)

ME, OTHER = Person(uuid4()), Person(uuid4())
NEWSLETTER = ListMail(
    unsubscribe=["<https://list.example.net/leave?t=secret>"],
    post=["List-Unsubscribe=One-Click"],
    results=["mx.example.org; dkim=pass header.d=example.net"],
    signatures=["d=example.net; s=mail; h=List-Unsubscribe:List-Unsubscribe-Post; b=eA=="],
)


class World:
    """The person's mailbox, and the list's server."""

    def __init__(self) -> None:
        self.mail: ListMail | None = NEWSLETTER
        self.has_mailbox = True
        self.error: ListServerFailed | None = None
        self.responds = asyncio.Event()
        self.responds.set()
        self.now = 0.0
        self.asked: list[tuple[UUID, str]] = []
        self.urls: list[HttpsUrl] = []
        mails, server, accounts = self._Mails(self), self._Server(self), self._Accounts(self)
        self.unsubscribing = Unsubscribing(
            accounts, mails, server, authserv_id="mx.example.org", monotonic=lambda: self.now
        )

    class _Part:
        def __init__(self, world: "World") -> None:
            self.world = world

    class _Accounts(_Part):
        async def of(self, identity_id: UUID) -> MailAccount | None:
            return MailAccount(identity_id, "me@example.org", "a") if self.world.has_mailbox else None

    class _Mails(_Part):
        async def of(self, account: MailAccount, email_id: str) -> ListMail | None:
            self.world.asked.append((account.identity_id, email_id))
            return self.world.mail

    class _Server(_Part):
        def accepts(self, url: HttpsUrl) -> bool:
            return url.port == 443

        async def unsubscribe(self, url: HttpsUrl) -> None:
            self.world.urls.append(url)
            await self.world.responds.wait()
            if self.world.error:
                raise self.world.error


@pytest.fixture
def world() -> World:
    return World()


async def refused(world: World, person: Person, email_id: str = "m") -> str:
    with pytest.raises((Refused, ListServerFailed)) as raised:
        await world.unsubscribing.unsubscribe(person, email_id)
    return raised.value.code


async def test_a_message_is_unsubscribed_from_once(world: World) -> None:
    for _ in range(3):
        await world.unsubscribing.unsubscribe(ME, "m")
    assert world.urls == [HttpsUrl("list.example.net", 443, "/leave?t=secret")]
    await world.unsubscribing.unsubscribe(ME, "n")
    await world.unsubscribing.unsubscribe(OTHER, "m")
    assert len(world.urls) == 3
    assert world.asked == [(ME.identity_id, "m"), (ME.identity_id, "n"), (OTHER.identity_id, "m")]


async def test_two_windows_send_one_request_for_a_message(world: World) -> None:
    world.responds.clear()
    first = asyncio.create_task(world.unsubscribing.unsubscribe(ME, "m1"))
    await asyncio.sleep(0)
    second = asyncio.create_task(world.unsubscribing.unsubscribe(ME, "m1"))
    await asyncio.sleep(0)
    world.responds.set()
    results = await asyncio.gather(first, second, return_exceptions=True)
    assert len(world.urls) == 1
    assert [getattr(result, "code", result) for result in results] == [None, "too_many_unsubscribes"]
    await world.unsubscribing.unsubscribe(ME, "m1")
    assert len(world.urls) == 1


async def test_what_failed_is_tried_again(world: World) -> None:
    for code in ("list_server_failed", "list_server_redirects", "list_server_silent"):
        world.error = ListServerFailed(code, "")
        assert await refused(world, ME) == code
    world.error = None
    await world.unsubscribing.unsubscribe(ME, "m")
    assert len(world.urls) == 4


async def test_nothing_is_requested_that_the_message_does_not_offer(world: World) -> None:
    world.mail = replace(NEWSLETTER, post=[])
    assert await refused(world, ME) == "not_one_click"
    world.mail = None
    assert await refused(world, ME) == "unknown"
    world.has_mailbox = False
    assert await refused(world, ME) == "mailbox_not_ready"
    assert world.urls == []


@pytest.mark.parametrize("scopes", [{Scope.READ}, {Scope.SEND}, {Scope.READ, Scope.WRITE}, set()])
def test_a_token_needs_to_read_and_to_send(scopes: set[Scope]) -> None:
    with pytest.raises(Refused) as raised:
        require_scopes(Person(uuid4(), frozenset(scopes), token_id=uuid4()))
    assert raised.value.code == "scope_missing"
    require_scopes(Person(uuid4(), frozenset({Scope.READ, Scope.SEND}), token_id=uuid4()))


async def test_a_person_and_the_service_have_so_many_under_way(world: World) -> None:
    world.responds.clear()
    people = [Person(uuid4()) for _ in range(AT_ONCE)]
    under_way = [
        asyncio.create_task(world.unsubscribing.unsubscribe(people[0], f"m{n}")) for n in range(AT_ONCE_FOR_PERSON)
    ]
    await asyncio.sleep(0)
    assert await refused(world, people[0], "one-more") == "too_many_unsubscribes"
    others = people[1 : AT_ONCE - AT_ONCE_FOR_PERSON + 1]
    under_way += [asyncio.create_task(world.unsubscribing.unsubscribe(person, "m")) for person in others]
    await asyncio.sleep(0)
    assert await refused(world, Person(uuid4())) == "too_many_unsubscribes"
    world.responds.set()
    await asyncio.gather(*under_way)
    await world.unsubscribing.unsubscribe(people[0], "one-more")


async def test_a_person_has_so_many_in_a_minute_and_in_a_day(world: World) -> None:
    count = 0
    while count < IN_A_DAY:
        for _ in range(min(IN_A_MINUTE, IN_A_DAY - count)):
            await world.unsubscribing.unsubscribe(ME, f"m{count}")
            count += 1
        assert await refused(world, ME, "one-more") == "too_many_unsubscribes"
        await world.unsubscribing.unsubscribe(Person(uuid4()), "m")
        world.now += MINUTE
    assert await refused(world, ME, "one-more") == "too_many_unsubscribes"
    world.now += DAY
    await world.unsubscribing.unsubscribe(ME, "one-more")


async def test_what_fails_counts_too(world: World) -> None:
    world.mail = None
    for n in range(IN_A_MINUTE):
        assert await refused(world, ME, f"m{n}") == "unknown"
    assert await refused(world, ME, "one-more") == "too_many_unsubscribes"


async def test_many_people_do_not_overrun_one_host(world: World) -> None:
    for _ in range(TO_A_HOST_IN_A_MINUTE):
        await world.unsubscribing.unsubscribe(Person(uuid4()), "m")
    assert await refused(world, Person(uuid4())) == "too_many_unsubscribes"
    world.mail = replace(NEWSLETTER, unsubscribe=["<https://OTHER.example/>"])
    await world.unsubscribing.unsubscribe(Person(uuid4()), "m")


async def test_the_log_names_person_and_host_and_no_secret(world: World) -> None:
    with capture_logs() as lines:
        await world.unsubscribing.unsubscribe(ME, "m")
        world.error = ListServerFailed("list_server_redirects", "")
        await refused(world, ME, "n")
    assert [line["identity_id"] for line in lines] == [str(ME.identity_id)] * 2
    assert [line["host"] for line in lines] == ["list.example.net"] * 2
    assert [line["email_id"] for line in lines] == ["m", "n"]
    assert lines[1]["code"] == "list_server_redirects"
    assert "secret" not in str(lines)
    assert "leave" not in str(lines)


# What is read of a message before


HEADERS = {
    "header:List-Unsubscribe:all": [" <https://list.example.net/leave>"],
    "header:List-Unsubscribe-Post:all": [" List-Unsubscribe=One-Click"],
    "header:Authentication-Results:all": [" mx.example.org; dkim=pass", " forged.example.net; dkim=pass"],
    "header:DKIM-Signature:all": [" v=1; d=example.net"],
}
EMAIL = {"id": "m", "mailboxIds": {"i": True, "j": True}, "keywords": {"$seen": True}, **HEADERS}
MAILBOXES = [{"id": "i", "role": "inbox"}, {"id": "j", "role": None}, {"id": "x", "role": "junk"}]


class Mail:
    """`JmapMail` with these responses."""

    def __init__(self, emails: object, mailboxes: object = MAILBOXES) -> None:
        self._lists = (emails, mailboxes)
        self.calls: Sequence[Call] = ()

    async def call(self, account: MailAccount, calls: Sequence[Call]) -> MethodResponses:
        self.calls = calls
        named = zip((name for name, _ in calls), self._lists, strict=True)
        return MethodResponses({str(at): (name, {"list": found}) for at, (name, found) in enumerate(named)})


async def of(mail: Mail) -> ListMail | None:
    return await JmapListMail(cast(JmapMail, mail)).of(an_account(), "m")


async def test_all_headers_of_a_name_are_read_raw_and_in_their_order() -> None:
    """The topmost Authentication-Results is the one that our server wrote."""
    found = await of(Mail([EMAIL]))
    assert found is not None
    assert found.results == HEADERS["header:Authentication-Results:all"]
    assert (found.unsubscribe, found.post) == ([" <https://list.example.net/leave>"], [" List-Unsubscribe=One-Click"])


async def test_the_roles_are_those_of_the_mailboxes_in_which_the_message_lies() -> None:
    found = await of(Mail([EMAIL | {"mailboxIds": {"x": True}}]))
    assert found is not None
    assert found.roles == {"junk"}
    found = await of(Mail([EMAIL]))
    assert found is not None
    assert "junk" not in found.roles


async def test_another_message_than_the_one_that_was_asked_for_is_none() -> None:
    assert await of(Mail([])) is None
    assert await of(Mail([EMAIL | {"id": "other"}])) is None


@pytest.mark.parametrize("name", [*HEADERS, "mailboxIds", "keywords"])
@pytest.mark.parametrize("value", [None, "text", 7])
async def test_a_property_that_cannot_be_read_is_a_failure_and_no_missing_header(name: str, value: object) -> None:
    with pytest.raises(MailServerError):
        await of(Mail([EMAIL | {name: value}]))
    with pytest.raises(MailServerError):
        await of(Mail([{key: each for key, each in EMAIL.items() if key != name}]))


@pytest.mark.parametrize("mailboxes", [None, {}, "text"])
async def test_without_the_folders_nothing_is_known_of_spam(mailboxes: object) -> None:
    with pytest.raises(MailServerError):
        await of(Mail([EMAIL], mailboxes))
