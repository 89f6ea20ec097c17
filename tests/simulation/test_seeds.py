"""Runs of provisioning in virtual time, each with its own faults; I1 to I10 hold in each.

To repeat one seed, with its log: `POSTROOM_SEED=123 .venv/bin/pytest tests/simulation -k one_seed -s`
"""

import os
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from postroom.domain.request import Status
from simulation.checker import violations
from simulation.run import run_seed

SEEDS = 200
MANY_SEEDS = 20_000
CHUNK = 100
LOGGED = ("created_at", "email", "action", "status", "attempt_count", "error_message")
ANSWERS = {"Ready", "WillRetry", "Held", "Rejected"}


def broken_of(seed: int) -> tuple[list[str], set[str]]:
    """What the run of a seed violated, and its outcomes and responses."""
    try:
        world = run_seed(seed)
    except Exception as error:  # noqa: BLE001 — after any error the seed is what matters
        return [f"seed {seed}: the run broke: {error!r}"], set()
    seen = {entry["status"] for entry in world.sql.log}
    seen |= {type(answered.answer).__name__ for answered in world.answered}
    return [f"seed {seed}: {violation}" for violation in violations(world)], seen


def assert_unbroken(runs: Iterable[tuple[list[str], set[str]]]) -> None:
    seen: set[str] = set()
    for broken, of_run in runs:
        again = "again, with its log: POSTROOM_SEED=… .venv/bin/pytest tests/simulation -k one_seed -s"
        assert not broken, f"{broken}\n{again}"
        seen |= of_run
    assert seen == {*ANSWERS, *Status}, "a simulation without trouble proves nothing"


@pytest.mark.timeout(600)
def test_every_invariant_holds_in_each_seeded_run_and_every_outcome_and_answer_occurs() -> None:
    assert_unbroken(map(broken_of, range(1, SEEDS + 1)))


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_every_invariant_holds_in_thousands_of_seeded_runs() -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        assert_unbroken(pool.map(broken_of, range(1, MANY_SEEDS + 1), chunksize=CHUNK))


def test_one_seed() -> None:
    seed = int(os.environ.get("POSTROOM_SEED", "1"))
    world = run_seed(seed, quiet="POSTROOM_SEED" not in os.environ)
    for entry in world.sql.log:
        print(*(entry[name] for name in LOGGED))  # noqa: T201 — what -s is for
    assert violations(world) == []


@pytest.mark.parametrize("seed", [7, 40])
def test_simulation_with_the_same_seed_makes_the_same_run(seed: int) -> None:
    first, second = run_seed(seed), run_seed(seed)
    assert first.sql.log == second.sql.log
    assert first.sql.log
    assert first.mail.accounts == second.mail.accounts
