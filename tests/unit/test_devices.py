"""Which app passwords are a person's devices, and the errors about their number and names."""

from datetime import timedelta
from uuid import uuid4

import pytest

from mail_fakes import NOW, FakeAccounts, FakeAppPasswords, FakeCredentials, an_account
from postroom.devices.app_passwords import WEBMAIL, MailCredential
from postroom.devices.devices import LONGEST_NAME, Devices
from postroom.errors import Refused


class World:
    def __init__(self) -> None:
        self.account = an_account()
        self.server = FakeAppPasswords()
        self.kept = FakeCredentials()

    def devices(self, *, keeping: bool = True) -> Devices:
        kept = self.kept if keeping else None
        return Devices(FakeAccounts(self.account), self.server, kept, now=lambda: NOW)

    async def keep(self, app_password_id: str, account_id: str | None = None) -> None:
        identity_id = self.account.identity_id
        row = MailCredential(identity_id, account_id or self.account.account_id, app_password_id, b"")
        await self.kept.store(row, instead_of=None)

    async def names(self, devices: Devices) -> list[str]:
        return [each.name for each in await devices.of(self.account.identity_id)]


@pytest.fixture
def world() -> World:
    return World()


async def test_app_password_of_the_webmail_is_neither_listed_nor_revoked(world: World) -> None:
    world.server.add("My phone")
    await world.keep(world.server.add(WEBMAIL).id)
    assert await world.names(world.devices()) == ["My phone"]
    with pytest.raises(Refused) as refusal:
        await world.devices().disconnect(world.account.identity_id, "2")
    assert (refusal.value.code, len(world.server.listed)) == ("unknown", 2)


async def test_unused_webmail_app_password_can_be_listed_and_revoked(world: World) -> None:
    await world.keep(world.server.add(WEBMAIL).id)
    left_behind = world.server.add(WEBMAIL)
    assert await world.names(world.devices()) == [WEBMAIL]
    await world.devices().disconnect(world.account.identity_id, left_behind.id)
    assert [*world.server.listed] == ["1"]


@pytest.mark.parametrize("account_id", [None, "of-a-former-mailbox"])
async def test_device_that_reuses_the_id_of_our_app_password_is_listed(world: World, account_id: str | None) -> None:
    await world.keep(world.server.add("My phone").id, account_id)
    assert await world.names(world.devices()) == ["My phone"]


@pytest.mark.parametrize(
    ("keeping", "stated", "words"),
    [
        (True, 5, "the webmail uses one of them"),
        (False, 5, "5 app passwords at most;"),
        (False, None, "no more app passwords;"),
    ],
)
async def test_the_limit_is_explained(world: World, keeping: bool, stated: int | None, words: str) -> None:
    devices = world.devices(keeping=keeping)
    world.server.stated = stated
    for number in range(5):
        await devices.connect(world.account.identity_id, f"phone {number}", None)
    with pytest.raises(Refused, match=words) as refusal:
        await devices.connect(world.account.identity_id, "one too many", None)
    assert refusal.value.code == "too_many"


@pytest.mark.parametrize(("keeping", "limit"), [(False, 5), (True, 4)])
def test_the_usual_limit_leaves_out_what_the_webmail_uses(world: World, keeping: bool, limit: int) -> None:
    assert world.devices(keeping=keeping).usual_limit == limit


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\0b", "x" * (LONGEST_NAME + 1), WEBMAIL, "  postroom WEBMAIL "])
async def test_misleading_device_name_is_rejected(world: World, name: str) -> None:
    with pytest.raises(Refused) as refusal:
        await world.devices().connect(world.account.identity_id, name, None)
    assert (refusal.value.code, world.server.made) == ("wrong_name", 0)


@pytest.mark.parametrize(("days", "end"), [(None, None), (30, NOW + timedelta(days=30))])
async def test_device_expires_after_the_requested_days(world: World, days: int | None, end: object) -> None:
    made = await world.devices().connect(world.account.identity_id, " My phone ", days)
    assert (made.app_password.name, made.app_password.expires_at) == ("My phone", end)
    assert made.secret not in repr(made)


async def test_a_person_without_a_mailbox_is_refused_with_that_reason(world: World) -> None:
    with pytest.raises(Refused, match="not ready yet") as refusal:
        await world.devices().of(uuid4())
    assert refusal.value.code == "mailbox_not_ready"
