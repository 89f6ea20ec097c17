"""Ids of the mail server, remembered for a minute.

Stalwart gives ids by counter: a server that was set up anew may give the id of one domain to another, and what is
made with it then is somebody else's. So ids live for a short time, and end with any sign that the server changed.
"""

from collections.abc import Callable

LIVE = 60.0
"""Seconds"""


class RememberedIds:
    """`monotonic` is the passing of time, in seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._known: dict[str, tuple[float, str]] = {}

    def get(self, name: str) -> str | None:
        """The id of what has this name, None where it has to be asked."""
        ends, known = self._known.get(name, (0.0, None))
        return known if known is not None and self._monotonic() < ends else None

    def keep(self, name: str, number: str) -> None:
        self._known[name] = (self._monotonic() + LIVE, number)

    def forget(self) -> None:
        """All of them: the server may be another one."""
        self._known.clear()
