"""How long a client waits between guesses of passwords and codes."""

import pytest

from postroom.domain.guess import Before, Guess, wait

TEN_MINUTES = 600
ADA, BEN = "ada", "ben"


def waits(
    of_client: list[tuple[float, list[str]]], others: int = 0, *, addresses: tuple[str, ...] = (ADA,), now: float = 100
) -> float:
    """Of a client with these guesses before, while other clients made as many guesses for Ada."""
    own = [moment for moment, found in of_client if ADA in found]
    before = Before(of_client, {ADA: [*[1.0] * others, *own]})
    return wait(Guess("id", "1.2.3.4", addresses, now), before)


def times(number: int, *addresses: str, start: float = 0) -> list[tuple[float, list[str]]]:
    return [(start + n / 10, list(addresses)) for n in range(number)]


@pytest.mark.parametrize(
    ("of_client", "others", "addresses", "seconds"),
    [
        ([], 0, (ADA,), 0),
        (times(9, ADA), 0, (ADA,), 0),
        (times(10, ADA), 0, (ADA,), TEN_MINUTES - 100),
        (times(11, ADA), 0, (ADA,), TEN_MINUTES - 100 + 0.1),  # until the oldest but one does not count
        (times(10, ADA), 0, (BEN,), 0),
        (times(10, ADA), 0, (BEN, ADA), TEN_MINUTES - 100),  # whichever of the two it is
        (times(10, ADA), 0, (), 0),
        (times(10), 0, (), TEN_MINUTES - 100),  # nobody knows whose it is
        (times(10), 0, (ADA,), 0),
        ([*times(50, BEN), *times(49)], 0, (ADA,), 0),
        ([*times(50, BEN), *times(50)], 0, (ADA,), TEN_MINUTES - 100),
        # The others' guesses do not lock Ada's address: a client waits after guesses of its own only.
        ([], 5000, (ADA,), 0),
        (times(5, BEN), 5000, (ADA,), 0),
        ([(99.0, [ADA])], 9, (ADA,), 0),
        ([(99.0, [ADA])], 10, (ADA,), 11 * 6 - 1),
        ([(99.0, [ADA])], 49, (ADA,), 50 * 6 - 1),
        ([(99.0, [ADA])], 5000, (ADA,), TEN_MINUTES - 1),
        ([(20.0, [ADA])], 10, (ADA,), 0),
    ],
)
def test_wait_of_a_client_follows_from_its_own_guesses_and_their_number_for_the_address(
    of_client: list[tuple[float, list[str]]], others: int, addresses: tuple[str, ...], seconds: float
) -> None:
    assert waits(of_client, others, addresses=addresses) == pytest.approx(seconds)
