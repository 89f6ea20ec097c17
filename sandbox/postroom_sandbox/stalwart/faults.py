"""Faults that are switched on from outside: which there are, and when one strikes."""

import asyncio
import random
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, Field, NonNegativeInt, ValidationError

from postroom_sandbox.stalwart.json_value import JSON, is_object
from postroom_sandbox.stalwart.store import Store

KINDS = {  # in the order in which they are asked about a request
    "refuse": "the connection is cut before any answer (the listener stays, for this control surface)",
    "hang": "no answer until the fault is lifted or the client goes",
    "unavailable": "503",
    "throttle": "429 with Retry-After",
    "limit": "400 of type limit, as if four requests of the account were under way",
    "fail": "500 for a create whose address contains the word, 451 for mail to it",
    "reset-before": "the request is read, then the connection is cut: nothing happened",
    "full": "the store takes no write: every /set answers serverUnavailable, reads go on; 451 for mail",
    "slow": "served, but answered after the delay; meanwhile one of the account's four slots is taken",
    "reset-after": "served, but the connection is cut instead of an answer",
    "lose-hooks": "web hooks that are due are forgotten instead of sent",
    "cut-events": "event streams are cut instead of told",
}
NOTIFICATION_FAULTS = frozenset(("lose-hooks", "cut-events"))
"""Those that strike no request, but what the server tells of itself."""


class Fault(BaseModel, frozen=True, strict=True, extra="forbid"):
    """`word`: only requests that create an account whose address contains it, and what comes by LMTP to such an
    address (451, unless the kind is hang, slow or reset-after). `full` without a word is for all mail, too. `count`:
    off after so many.

    `probability` is decided by `seed` and the number of the request alone: a run can be repeated.
    """

    kind: str
    word: str | None = None
    count: NonNegativeInt | None = None
    probability: float = Field(default=1.0, ge=0, le=1)
    seed: NonNegativeInt = 0
    delay_ms: NonNegativeInt = 1000
    retry_after: NonNegativeInt = 30

    def is_spent(self, struck: int) -> bool:
        return self.count is not None and struck >= self.count

    def strikes(self, seen: int, struck: int) -> bool:
        """Whether it hits a request, after it was asked about `seen` others and hit `struck` of them."""
        if self.is_spent(struck):
            return False
        return random.Random(f"{self.seed}/{seen}").random() < self.probability  # noqa: S311 - no secret


def read_fault(value: Any) -> Fault:
    """Raises ValueError with a sentence for the person who sets the fault."""
    if not is_object(value) or value.get("kind") not in KINDS:
        raise ValueError(f"Give one of these as kind: {', '.join(KINDS)}.")
    defaults: JSON = {"word": "should-fail"} if value["kind"] == "fail" else {}
    try:
        return Fault(**(defaults | value))
    except ValidationError as error:
        raise ValueError("; ".join(f"{fault['loc'][0]}: {fault['msg']}" for fault in error.errors())) from None


class Faults:
    """The faults that are on, one of each kind; they stay on over a restart."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._changed = asyncio.Event()
        self._load()

    def _load(self) -> None:
        faults = [Fault.model_validate_json(text) for (text,) in self._store.rows("SELECT document FROM faults")]
        self.active = sorted(faults, key=lambda fault: list(KINDS).index(fault.kind))
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def put(self, fault: Fault) -> None:
        sql = "INSERT OR REPLACE INTO faults (kind, document) VALUES (?, ?)"
        self._store.run(sql, fault.kind, fault.model_dump_json())
        self._load()

    def clear(self) -> None:
        self._store.run("DELETE FROM faults")
        self._load()

    def shown(self) -> list[JSON]:
        """Each fault with what it did, and whether it is still `on`: one with a `count` is not once that is reached."""
        rows = self._store.rows("SELECT document, seen, struck FROM faults ORDER BY kind")
        return [
            fault.model_dump() | {"seen": seen, "struck": struck, "on": not fault.is_spent(struck)}
            for fault, seen, struck in ((Fault.model_validate_json(text), *counts) for text, *counts in rows)
        ]

    def strike(self, fault: Fault) -> bool:
        """Asks the fault about one request, and counts."""
        row = self._store.row("SELECT seen, struck FROM faults WHERE kind = ?", fault.kind)
        struck = row is not None and fault.strikes(*row)
        sql = "UPDATE faults SET seen = seen + 1, struck = struck + ? WHERE kind = ?"
        self._store.run(sql, int(struck), fault.kind)
        return struck

    def strikes(self, kind: str) -> bool:
        """Whether a fault of this kind is on and strikes now."""
        return any(fault.kind == kind and self.strike(fault) for fault in self.active)

    def about(self, address: str) -> Iterator[Fault]:
        """Those that strike mail to an address: only ones with a word do, and a store that is full."""
        for fault in self.active:
            meant = fault.kind == "full" if fault.word is None else fault.word in address
            if meant and self.strike(fault):
                yield fault

    async def lifted(self, fault: Fault) -> None:
        """Waits until the fault is cleared or replaced."""
        while any(fault is active for active in self.active):
            await self._changed.wait()
