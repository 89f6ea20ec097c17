"""How soon an account is polled again: after 50 ms while mail comes one by one, at growing intervals in a burst."""

from dataclasses import dataclass

SHORTEST = 0.05
"""Seconds between two polls of an account. At most one poll is under way: of the requests that the mail server accepts
at once for a person (four, with Stalwart), all but one stay free."""

MAILS_PER_SECOND = 20.0
"""The rate at which each mail may have a poll and an event of its own."""

BURST = 20.0
"""Mails in excess of that rate that make a burst, which lasts as long as more than `MAILS_PER_SECOND` come."""

FIRST_IN_BURST, LONGEST = 1.0, 16.0
"""Seconds between polls in a burst, doubling: ten thousand mails in three minutes make at most 20 events."""

CALM = 1.0
"""Seconds without a hint after which a burst is over: its last mails do not wait for the end of the pause."""

EMPTY_POLL = 5.0
"""How many mails a poll that found nothing counts as: forged or late hints cost at most four polls a second."""


@dataclass(frozen=True, slots=True)
class PollPace:
    """The pace for one account. `since` is the end of its last poll; while hints come, it is not polled for `pause`
    seconds. `excess` counts mails that came faster than `MAILS_PER_SECOND`."""

    since: float
    pause: float = 0.0
    excess: float = 0.0

    @property
    def free_at(self) -> float:
        return self.since + self.pause

    def due(self, hinted_at: float) -> float:
        """When to poll, if the last hint came at `hinted_at`."""
        return min(self.free_at, max(self.since, hinted_at) + CALM)

    @property
    def reset_at(self) -> float:
        """From then on the account counts as never polled."""
        return self.free_at + self.excess / MAILS_PER_SECOND

    def after_poll(self, mails: float, now: float) -> "PollPace":
        """The pace after a poll that found so many `mails`."""
        elapsed = now - self.since
        # The mails came during the pause. Counted at its end, the hundreds that may come within the longest pause would
        # be a burst, and a burst would never end. But mails that all came at once after a calm count in full.
        paused = min(elapsed, self.pause)
        excess = max(0.0, self.excess - MAILS_PER_SECOND * (elapsed - paused))
        excess = max(0.0, excess + mails - MAILS_PER_SECOND * paused)
        if excess > BURST:
            return PollPace(now, min(max(FIRST_IN_BURST, 2 * self.pause), LONGEST), BURST)
        return PollPace(now, SHORTEST, excess)
