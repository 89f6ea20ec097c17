"""The catalogue of mutants fits the code: a mutant whose code no longer exists would prove nothing."""

from pathlib import Path

import pytest

from mutants.catalogue import MUTANTS
from mutants.mutant import Mutant

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_text_that_a_mutant_replaces_occurs_exactly_once(mutant: Mutant) -> None:
    text = (ROOT / "src/postroom" / mutant.path).read_text()
    assert text.count(mutant.find) == 1
    assert mutant.replace != mutant.find


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_names_tests_that_exist(mutant: Mutant) -> None:
    assert mutant.tests
    for test in mutant.tests:
        path, _, name = test.partition("::")
        assert f"def {name}(" in (ROOT / "tests" / path).read_text()


def test_mutant_names_are_unique_and_at_least_twenty() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 20
