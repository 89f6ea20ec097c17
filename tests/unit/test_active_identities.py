"""Whether an identity is active: how long Kratos' response is cached, and what happens in an outage."""

from uuid import UUID, uuid4

import pytest

from postroom.errors import KratosUnavailable, NoSession
from postroom.people.active_identities import CACHE_SECONDS, CACHE_SIZE, GRACE, OUTAGE_PAUSE, ActiveIdentities

ADA, BEN = UUID(int=1), UUID(int=2)


class Kratos:
    """`active`: the active identities; `away`: Kratos does not respond."""

    def __init__(self) -> None:
        self.active = {ADA, BEN}
        self.unavailable = False
        self.asked: list[UUID] = []

    async def is_active(self, identity_id: UUID) -> bool:
        self.asked.append(identity_id)
        if self.unavailable:
            raise KratosUnavailable("refused")
        return identity_id in self.active


class World:
    def __init__(self) -> None:
        self.kratos = Kratos()
        self.now = 1000.0
        self.identities = ActiveIdentities(self.kratos, monotonic=lambda: self.now)


@pytest.fixture
def world() -> World:
    return World()


async def test_active_identity_is_checked_once_a_minute(world: World) -> None:
    for _ in range(3):
        await world.identities.require(ADA)
    assert world.kratos.asked == [ADA]
    world.now += CACHE_SECONDS
    await world.identities.require(ADA)
    assert world.kratos.asked == [ADA, ADA]


async def test_an_inactive_or_deleted_identity_is_refused_and_checked_each_time(world: World) -> None:
    await world.identities.require(ADA)
    world.kratos.active.clear()
    world.now += CACHE_SECONDS
    for _ in range(2):
        with pytest.raises(NoSession, match="inactive or deleted"):
            await world.identities.require(ADA)
    assert len(world.kratos.asked) == 3
    world.kratos.active.add(ADA)
    await world.identities.require(ADA)


async def test_identity_active_in_the_last_hour_is_accepted_while_kratos_is_unavailable(world: World) -> None:
    await world.identities.require(ADA)
    world.kratos.unavailable = True
    world.now += GRACE - 1
    await world.identities.require(ADA)
    with pytest.raises(KratosUnavailable):
        await world.identities.require(BEN)
    world.now += 1
    with pytest.raises(KratosUnavailable):
        await world.identities.require(ADA)


async def test_an_outage_does_not_decide_about_an_identity_that_was_inactive(world: World) -> None:
    await world.identities.require(ADA)
    world.kratos.active.clear()
    world.now += CACHE_SECONDS
    for error in (NoSession, KratosUnavailable):
        with pytest.raises(error):
            await world.identities.require(ADA)
        world.kratos.unavailable = True


async def test_unavailable_kratos_is_not_asked_by_every_request(world: World) -> None:
    await world.identities.require(ADA)
    world.kratos.unavailable = True
    world.now += CACHE_SECONDS
    for _ in range(3):
        await world.identities.require(ADA)
        with pytest.raises(KratosUnavailable):
            await world.identities.require(BEN)
    assert world.kratos.asked == [ADA, ADA]
    world.kratos.unavailable = False
    world.now += OUTAGE_PAUSE
    await world.identities.require(BEN)


async def test_active_identity_cache_has_a_maximum_size(world: World) -> None:
    world.kratos.active = {uuid4() for _ in range(CACHE_SIZE + 3)}
    for each in world.kratos.active:
        await world.identities.require(each)
    assert len(world.identities._active_at) == CACHE_SIZE
