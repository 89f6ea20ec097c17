"""The cache of people's accounts."""

from uuid import UUID, uuid4

from postroom.gateway.account_cache import CACHE_SECONDS, CACHE_SIZE, AccountCache
from postroom.mailboxes.ports import MailAccount

MOMENT = 0.001


class Accounts:
    def __init__(self) -> None:
        self.accounts: dict[UUID, MailAccount] = {}
        self.asked: list[UUID] = []

    def add(self, identity_id: UUID, email: str) -> None:
        self.accounts[identity_id] = MailAccount(identity_id, email, email)

    async def of(self, identity_id: UUID) -> MailAccount | None:
        self.asked.append(identity_id)
        return self.accounts.get(identity_id)


class Clock:
    time = 0.0

    def __call__(self) -> float:
        return self.time


def remembering() -> tuple[Accounts, Clock, AccountCache]:
    accounts, clock = Accounts(), Clock()
    return accounts, clock, AccountCache(accounts, monotonic=clock)


async def email_of(remembered: AccountCache, identity_id: UUID) -> str:
    found = await remembered.of(identity_id)
    assert found
    return found.email


async def test_mail_account_is_cached_and_a_change_seen_when_the_cache_expires() -> None:
    accounts, clock, remembered = remembering()
    ann = uuid4()
    accounts.add(ann, "ann")
    assert await email_of(remembered, ann) == "ann"
    accounts.add(ann, "anna")
    clock.time += CACHE_SECONDS - MOMENT
    assert await email_of(remembered, ann) == "ann"
    assert accounts.asked == [ann]
    clock.time += MOMENT
    assert await email_of(remembered, ann) == "anna"
    # A request does not extend it.
    clock.time += CACHE_SECONDS
    accounts.accounts.clear()
    assert await remembered.of(ann) is None


async def test_account_cache_never_returns_the_account_of_another_person() -> None:
    accounts, _, remembered = remembering()
    ann, ben = uuid4(), uuid4()
    accounts.add(ann, "ann")
    accounts.add(ben, "ben")
    for _ in range(2):
        assert [await email_of(remembered, each) for each in (ann, ben)] == ["ann", "ben"]


async def test_mailbox_that_becomes_ready_is_found_at_once() -> None:
    accounts, _, remembered = remembering()
    ann = uuid4()
    assert await remembered.of(ann) is None
    accounts.add(ann, "ann")
    assert await email_of(remembered, ann) == "ann"


async def test_account_cache_has_a_maximum_size() -> None:
    accounts, _, remembered = remembering()
    people = [uuid4() for _ in range(CACHE_SIZE + 1)]
    for number, each in enumerate(people):
        accounts.add(each, str(number))
        await remembered.of(each)
    accounts.asked.clear()
    assert await email_of(remembered, people[1]) == "1"
    assert await email_of(remembered, people[0]) == "0"
    assert accounts.asked == [people[0]]
