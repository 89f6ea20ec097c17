"""A plausible mistake in the code, with the tests that must notice it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutant:
    """`path` is below `src/postroom`, and `find` occurs exactly once there; `tests` are pytest's node ids below
    `tests/`."""

    name: str
    path: str
    find: str
    replace: str
    tests: tuple[str, ...]


SQL = "postgres/sql/"
