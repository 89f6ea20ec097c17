"""The catalogue of mutants fits the code: a mutant whose place is gone would prove nothing."""

from pathlib import Path

import pytest

from mutants.catalogue import MUTANTS
from mutants.mutant import Mutant

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_place_of_a_mutant_occurs_exactly_once(mutant: Mutant) -> None:
    text = (ROOT / "src/postroom" / mutant.path).read_text()
    assert text.count(mutant.find) == 1
    assert mutant.replace != mutant.find


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_names_tests_that_exist(mutant: Mutant) -> None:
    assert mutant.tests
    for test in mutant.tests:
        path, _, name = test.partition("::")
        assert f"def {name}(" in (ROOT / "tests" / path).read_text()


def test_no_two_mutants_share_a_name_and_there_are_twenty_at_least() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 20
