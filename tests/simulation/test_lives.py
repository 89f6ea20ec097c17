"""Whole lives of mailboxes, each drawn from a seed: what is promised of them holds at rest.

To repeat one seed, with its log: `POSTROOM_SEED=123 .venv/bin/pytest tests/simulation/test_lives.py -k one_life -s`
"""

import os

import pytest

from postroom.postgres.connection import Pool
from records import Records
from simulation.life import Life, violations

LIVES = 40
MANY_LIVES = 3_000

EMPTY = (
    "TRUNCATE let_through, doubts, addresses, email_accounts, email_requests",
    "UPDATE brake SET closed = '{}', judged_at = now()",
    "UPDATE identity_sweep SET token = NULL, census = NULL, counted = NULL",
)


async def lived(seed: int, pool: Pool, records: Records) -> Life:
    for statement in EMPTY:
        await records.rows(statement)
    life = Life(seed, pool, records)
    await life.live()
    return life


async def broken_of(seeds: range, pool: Pool, records: Records) -> list[str]:
    return [
        f"seed {seed}: {violation}"
        for seed in seeds
        for violation in await violations(await lived(seed, pool, records))
    ]


@pytest.mark.timeout(600)
async def test_what_is_promised_of_mailboxes_holds_after_each_life(pool: Pool, records: Records) -> None:
    assert await broken_of(range(1, LIVES + 1), pool, records) == []


@pytest.mark.long
@pytest.mark.timeout(10_800)
async def test_what_is_promised_of_mailboxes_holds_after_thousands_of_lives(pool: Pool, records: Records) -> None:
    assert await broken_of(range(1, MANY_LIVES + 1), pool, records) == []


async def test_one_life(pool: Pool, records: Records) -> None:
    life = await lived(int(os.environ.get("POSTROOM_SEED", "1")), pool, records)
    print(*life.log, sep="\n")  # noqa: T201 — what -s is for
    assert await violations(life) == []
