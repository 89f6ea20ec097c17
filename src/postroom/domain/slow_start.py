"""How many requests are released at a time once what they waited for seems to have ended.

One first, for the cause may not have ended at all; twice as many after each success. When all who were released failed
again, the others wait a while before the next is tried.
"""

from dataclasses import dataclass

AT_MOST = 500
SHORTEST_REST = 15.0
LONGEST_REST = 300.0


@dataclass(frozen=True, slots=True)
class SlowStart:
    """`size` requests may be under way at a time: released, and neither made nor failed since. `rest` is the pause in
    seconds before the next one after a failure."""

    size: int = 1
    rest: float = 0.0

    def room(self, under_way: int) -> int:
        return max(0, self.size - under_way)

    def after_success(self) -> "SlowStart":
        return SlowStart(min(self.size * 2, AT_MOST))

    def after_failure(self) -> "SlowStart":
        return SlowStart(1, min(max(self.rest * 2, SHORTEST_REST), LONGEST_REST))
