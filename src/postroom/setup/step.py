"""The result of one step of a set-up."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "changed", "would change", "warning", "error"]
"""`ok`: nothing had to be changed. After a warning or an error, `details` says what was changed nevertheless."""


@dataclass(frozen=True, slots=True)
class Step:
    """`fix` is what an operator has to do. No field holds a secret."""

    part: str
    state: State
    details: str
    fix: str = ""


Steps = AsyncGenerator[Step]
