"""How many requests are released at a time once the cause they waited for seems to have ended.

One at first, since the cause may not have ended at all; twice as many after each success. When all released requests
failed again, the others wait a while before the next one is tried.
"""

from dataclasses import dataclass

AT_MOST = 500
SHORTEST_PAUSE = 15.0
LONGEST_PAUSE = 300.0


@dataclass(frozen=True, slots=True)
class SlowStart:
    """At most `size` requests are under way at a time: released, and neither done nor failed since. `pause` is in
    seconds before the next release after a failure."""

    size: int = 1
    pause: float = 0.0

    def capacity(self, under_way: int) -> int:
        return max(0, self.size - under_way)

    def after_success(self) -> "SlowStart":
        return SlowStart(min(self.size * 2, AT_MOST))

    def after_failure(self) -> "SlowStart":
        return SlowStart(1, min(max(self.pause * 2, SHORTEST_PAUSE), LONGEST_PAUSE))
