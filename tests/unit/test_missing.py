"""When a mailbox on record counts as missing."""

from uuid import uuid4

import pytest

from postroom.domain.missing import SECOND_LOOKUP_AFTER, Doubt, Recorded, Sighting, doubt_after

SOON, LATER = SECOND_LOOKUP_AFTER - 0.1, SECOND_LOOKUP_AFTER


@pytest.mark.parametrize("sighting", [Sighting.MISSING, Sighting.UNMARKED])
@pytest.mark.parametrize(
    ("doubt", "suspected_for", "expected"),
    [
        (None, 0.0, Doubt.SUSPECTED),
        (Doubt.SUSPECTED, SOON, Doubt.SUSPECTED),
        (Doubt.SUSPECTED, LATER, Doubt.MISSING),
        (Doubt.MISSING, LATER, Doubt.MISSING),
    ],
)
def test_mailbox_is_missing_after_two_lookups_a_minute_apart_missed_it(
    doubt: Doubt | None, suspected_for: float, expected: Doubt, sighting: Sighting
) -> None:
    assert doubt_after(Recorded(uuid4(), "c", doubt, suspected_for), sighting) is expected


@pytest.mark.parametrize("doubt", [None, *Doubt])
def test_mailbox_found_with_its_mark_is_neither_suspected_nor_missing(doubt: Doubt | None) -> None:
    assert doubt_after(Recorded(uuid4(), "c", doubt, LATER), Sighting.PRESENT) is None
