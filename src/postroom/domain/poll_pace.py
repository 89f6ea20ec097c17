"""How soon an account is looked at again: after 50 ms as long as mail comes one by one, later and later in a burst."""

from dataclasses import dataclass

SHORTEST = 0.05
"""Seconds between two looks at an account, of which at most one is under way: of the requests that the mail server
takes at once for a person (four, at Stalwart), all but one are left to him."""

A_SECOND = 20.0
"""Mails, of which each may have a look and an event of its own, for as long as it goes on."""

BURST = 20.0
"""So many more than that are a burst, which lasts as long as more than `A_SECOND` come."""

FIRST_IN_BURST, LONGEST = 1.0, 16.0
"""Seconds between looks in a burst, doubling: ten thousand mails within three minutes are told in 20 events at most."""

CALM = 1.0
"""Seconds without a hint after which a burst counts as over: its last mails do not wait for the end of the pause."""

IN_VAIN = 5.0
"""What a look that found nothing counts, in mails: hints that are forged or too late cost four looks a second."""


@dataclass(frozen=True, slots=True)
class PollPace:
    """Of one account, since the end of its last look. `pause`: so long it is not looked at while hints come. `owed`:
    mails that came faster than `A_SECOND`."""

    since: float
    pause: float = 0.0
    owed: float = 0.0

    @property
    def free_at(self) -> float:
        return self.since + self.pause

    def due(self, hinted_at: float) -> float:
        """When to look, if the last hint came then."""
        return min(self.free_at, max(self.since, hinted_at) + CALM)

    @property
    def even_at(self) -> float:
        """From then on it is as if it had never been looked at."""
        return self.free_at + self.owed / A_SECOND

    def after_poll(self, mails: float, now: float) -> "PollPace":
        """A look has ended that found so many."""
        gone = now - self.since
        # They came during the pause: counted at its end, the hundreds that may come within the longest one would be a
        # burst, and a burst would never end. But what came all at once after a calm was not owed before.
        paused = min(gone, self.pause)
        owed = max(0.0, self.owed - A_SECOND * (gone - paused))
        owed = max(0.0, owed + mails - A_SECOND * paused)
        if owed > BURST:
            return PollPace(now, min(max(FIRST_IN_BURST, 2 * self.pause), LONGEST), BURST)
        return PollPace(now, SHORTEST, owed)
