"""What was done about one part."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "changed", "would change", "warning", "error"]
"""`ok`: as it should be already. A warning or an error tells in `details` what was changed all the same."""


@dataclass(frozen=True, slots=True)
class Step:
    """`fix` is what an operator has to do about it. No secret stands in any of it."""

    part: str
    state: State
    details: str
    fix: str = ""


Steps = AsyncGenerator[Step]
