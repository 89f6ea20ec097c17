"""Limits the guesses of each client at people's passwords and codes."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from postroom.domain.guess import Guess, wait
from postroom.errors import TooManyGuesses
from postroom.people.ports import Guesses
from postroom.process.telemetry import GUESSES_REFUSED


class GuessLimiter:
    """`new_id`: a short random text."""

    def __init__(self, guesses: Guesses, *, now: Callable[[], datetime], new_id: Callable[[], str]) -> None:
        self._guesses = guesses
        self._now = now
        self._new_id = new_id

    async def take(self, client: str, addresses: Sequence[str]) -> Guess:
        """The guess, which counts as wrong until it is forgiven. Raises `TooManyGuesses`."""
        guess = Guess(self._new_id(), client, addresses, self._now().timestamp())
        if seconds := wait(guess, await self._guesses.add(guess)):
            await self._guesses.remove(guess)
            GUESSES_REFUSED.inc()
            raise TooManyGuesses(seconds)
        return guess

    async def forgive(self, guess: Guess) -> None:
        """It was right, or nobody has checked it."""
        await self._guesses.remove(guess)

    async def remember(self, name: str, addresses: Collection[str]) -> None:
        """See `Guesses`."""
        await self._guesses.remember(name, " ".join(sorted(addresses)), self._now().timestamp())

    async def known(self, names: Sequence[str]) -> set[str]:
        """The addresses that were remembered under these names."""
        found = [await self._guesses.addresses_of(name) for name in names]
        return {address for each in found if each for address in each.split()}
