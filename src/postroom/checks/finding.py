"""The result of one check."""

from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A row of the table. `fix` is what an operator can do about it. No secret is part of it."""

    part: str
    state: State
    details: str
    fix: str = ""


Findings = AsyncGenerator[Finding]


def joined(names: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *most, last = list(names) or [""]
    return f"{', '.join(most)} and {last}" if most else last
