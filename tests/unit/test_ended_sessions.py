"""What happens here once a person has ended sessions at Kratos."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from postroom.arrivals.ports import LiveEvent
from postroom.errors import PublisherUnavailable
from postroom.people.ended_sessions import EndedSessions

ADA = uuid4()


class FakePublisher:
    def __init__(self, *, broken: bool = False) -> None:
        self.broken = broken
        self.disconnected: list[UUID] = []

    async def publish(self, events: Sequence[LiveEvent]) -> Sequence[LiveEvent]:
        raise AssertionError("nothing is published")

    async def disconnect(self, identity_id: UUID) -> None:
        if self.broken:
            raise PublisherUnavailable("away")
        self.disconnected.append(identity_id)


async def test_a_publisher_that_is_both_is_asked_once() -> None:
    forgotten, streams = list[UUID](), FakePublisher()
    await EndedSessions(forgotten.append, (streams, streams)).disconnect(ADA)
    assert (forgotten, streams.disconnected) == ([ADA], [ADA])


async def test_one_publisher_that_is_away_keeps_nothing_else_alive() -> None:
    forgotten, centrifugo = list[UUID](), FakePublisher()
    await EndedSessions(forgotten.append, (FakePublisher(broken=True), centrifugo)).disconnect(ADA)
    assert (forgotten, centrifugo.disconnected) == ([ADA], [ADA])
