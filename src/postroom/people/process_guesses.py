"""The port `Guesses` in the memory of a process: where there is no Redis, or while it does not answer."""

from collections import OrderedDict, defaultdict

from cachetools import LRUCache

from postroom.domain.guess import WINDOW, Before, Guess

MOST = 20_000
"""Guesses that a process keeps, in some 20 MB; beyond them the oldest ones are forgotten."""

MOST_NAMES = 10_000


class ProcessGuesses:
    def __init__(self, *, most: int = MOST) -> None:
        self._most = most
        self._all = OrderedDict[str, Guess]()
        self._of_client = defaultdict[str, dict[str, Guess]](dict)
        self._for_address = defaultdict[str, dict[str, Guess]](dict)
        self._addresses = LRUCache[str, str](MOST_NAMES)

    async def add(self, guess: Guess) -> Before:
        self._forget_older_than(guess.moment - WINDOW)
        before = Before(
            [(each.moment, each.addresses) for each in self._of_client[guess.client].values()],
            {address: [each.moment for each in self._for_address[address].values()] for address in guess.addresses},
        )
        self._all[guess.id] = self._of_client[guess.client][guess.id] = guess
        for address in guess.addresses:
            self._for_address[address][guess.id] = guess
        if len(self._all) > self._most:
            self._drop(next(iter(self._all.values())))
        return before

    async def remove(self, guess: Guess) -> None:
        if guess.id in self._all:
            self._drop(guess)

    async def remember(self, name: str, addresses: str, moment: float) -> None:
        self._addresses[name] = addresses

    async def addresses_of(self, name: str) -> str | None:
        return self._addresses.get(name)

    def _forget_older_than(self, moment: float) -> None:
        while self._all and (oldest := next(iter(self._all.values()))).moment <= moment:
            self._drop(oldest)

    def _drop(self, guess: Guess) -> None:
        del self._all[guess.id]
        for index, key in ((self._of_client, guess.client), *((self._for_address, each) for each in guess.addresses)):
            index[key].pop(guess.id, None)
            if not index[key]:
                del index[key]
