"""Thousands of runs of provisioning in virtual time, each with its own faults; I1 to I10 hold in each.

To repeat one seed, with its log: `POSTROOM_SEED=123 .venv/bin/pytest tests/simulation -k one_seed -s`
"""

import os
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from itertools import count
from multiprocessing import get_context

import pytest

from postroom.domain.request import Status
from simulation.checker import violations
from simulation.run import failures_of, run_seed

SEEDS = int(os.environ.get("POSTROOM_SEEDS", "2000"))
FIRST = int(os.environ.get("POSTROOM_FIRST_SEED", "1"))
BUDGET = 3600.0 if "POSTROOM_SEEDS" in os.environ else 50.0
"""Seconds for the runs of the seeds, of which there are `SEEDS` at most."""
AT_LEAST = 200
CHUNK = 25
LOGGED = ("created_at", "email", "action", "status", "attempt_count", "error_message")
ANSWERS = {"Ready", "WillRetry", "Held", "Rejected"}


def chunk_of_seeds(first: int, size: int) -> dict[int, list[str]]:
    """The seeds of a chunk that violated a rule."""
    found: dict[int, list[str]] = {}
    for seed in range(first, first + size):
        try:
            broken = failures_of(seed)
        except Exception as error:  # noqa: BLE001 — after any error the seed is what matters
            broken = [f"the run broke: {error!r}"]
        if broken:
            found[seed] = broken
    return found


@pytest.mark.timeout(BUDGET + 120)
def test_every_invariant_holds_in_thousands_of_seeded_runs() -> None:
    ends = time.monotonic() + BUDGET
    workers = os.cpu_count() or 1
    starts = iter(count(FIRST, CHUNK))
    broken: dict[int, list[str]] = {}
    done = submitted = 0
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        running = {pool.submit(chunk_of_seeds, next(starts), CHUNK) for _ in range(workers + 1)}
        submitted = CHUNK * len(running)
        while running:
            finished = next(as_completed(running))
            running.discard(finished)
            broken |= finished.result()
            done += CHUNK
            if submitted < SEEDS and time.monotonic() < ends and not broken:
                running.add(pool.submit(chunk_of_seeds, next(starts), CHUNK))
                submitted += CHUNK
    print(f"{done} seeds from {FIRST}")  # noqa: T201 — for -rP: how many were run
    violations = "\n".join(f"seed {seed}: {'; '.join(each)}" for seed, each in sorted(broken.items()))
    again = (
        f"again, with its log: POSTROOM_SEED={min(broken, default=0)} .venv/bin/pytest tests/simulation -k one_seed -s"
    )
    assert not broken, f"{violations}\n{again}"
    assert done >= min(AT_LEAST, SEEDS), "the machine is too slow to prove anything"


def test_one_seed() -> None:
    seed = int(os.environ.get("POSTROOM_SEED", "1"))
    world = run_seed(seed, quiet="POSTROOM_SEED" not in os.environ)
    for entry in world.sql.log:
        print(*(entry[name] for name in LOGGED))  # noqa: T201 — what -s is for
    assert violations(world) == []


def test_simulation_seeds_produce_every_outcome_and_answer() -> None:
    """A simulation without trouble proves nothing: each outcome and each response must occur."""
    statuses: set[str] = set()
    answers: set[str] = set()
    for seed in range(1, 400):
        world = run_seed(seed)
        statuses |= {entry["status"] for entry in world.sql.log}
        answers |= {type(answered.answer).__name__ for answered in world.answered}
        if answers == ANSWERS and statuses == set(Status):
            return
    assert (answers, statuses) == (ANSWERS, set(Status))


@pytest.mark.parametrize("seed", [7, 40])
def test_simulation_with_the_same_seed_makes_the_same_run(seed: int) -> None:
    first, second = run_seed(seed), run_seed(seed)
    assert first.sql.log == second.sql.log
    assert first.sql.log
    assert first.mail.accounts == second.mail.accounts
