"""How long a client waits before its next guess of a password or code: a pure function of the guesses before it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WINDOW = 600.0
"""Seconds for which a guess counts."""

MOST_OF_CLIENT = 100
MOST_FOR_ADDRESS = 10
"""Guesses of one client, and those of them for one address, after which the client waits until the oldest of them does
not count any more."""

PAUSE = 6.0
"""Seconds. When several clients guess for one address, each of them waits so long after each of its own guesses, for
each guess of all of them. The first guess of a client never waits: whoever knows the password gets in."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A password or code that a client submits. `addresses`: whose it may be, as digests; none if nobody knows.
    `moment` is in seconds."""

    id: str
    client: str
    addresses: Sequence[str]
    moment: float


@dataclass(frozen=True, slots=True)
class Before:
    """The guesses of the last `WINDOW` that were wrong or have no answer yet, the oldest first: moments and addresses
    of those of the client, moments of those of all clients for each address."""

    of_client: Sequence[tuple[float, Sequence[str]]]
    for_address: Mapping[str, Sequence[float]]


def wait(guess: Guess, before: Before) -> float:
    """Seconds until this client may guess so; 0 if it may now."""
    free = [_free(MOST_OF_CLIENT, [moment for moment, _ in before.of_client])]
    for address in guess.addresses or [""]:
        own = [moment for moment, addresses in before.of_client if _is_for(address, addresses)]
        free.append(_free(MOST_FOR_ADDRESS, own))
        everybody = len(before.for_address.get(address, ()))
        if own and everybody > MOST_FOR_ADDRESS:
            free.append(own[-1] + min(WINDOW, PAUSE * everybody))
    return max(0.0, max(free) - guess.moment)


def _is_for(address: str, addresses: Sequence[str]) -> bool:
    return address in addresses if address else not addresses


def _free(most: int, moments: Sequence[float]) -> float:
    """When fewer than `most` of them count."""
    return moments[-most] + WINDOW if len(moments) >= most else 0.0
