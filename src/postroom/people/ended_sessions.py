"""Sessions that a person ended from elsewhere: whoever uses them must not be let in for as long as they are cached."""

from collections.abc import Callable, Sequence
from uuid import UUID

from postroom.arrivals.ports import Publisher
from postroom.errors import PublisherUnavailable
from postroom.process.telemetry import log


class EndedSessions:
    """`forget` is `PeopleByCredential.forget_person`. `publishers` end the live connections; one of them notifies the
    other processes, which then forget the sessions, too."""

    def __init__(self, forget: Callable[[UUID], None], publishers: Sequence[Publisher]) -> None:
        self._forget = forget
        self._publishers = dict.fromkeys(publishers)

    async def disconnect(self, identity_id: UUID) -> None:
        """End all live connections of the person. Those whose session goes on connect again by themselves."""
        self._forget(identity_id)
        for publisher in self._publishers:
            try:
                await publisher.disconnect(identity_id)
            except PublisherUnavailable as error:
                # The sessions have ended. Streams find that out at their next check, within two minutes.
                log.warning("Could not end live connections", identity_id=str(identity_id), error=str(error))
