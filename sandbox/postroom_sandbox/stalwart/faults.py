"""Faults that are switched on from outside: their kinds, and which requests they strike."""

import asyncio
import random
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, Field, NonNegativeInt, ValidationError

from postroom_sandbox.stalwart.json_value import JSON, is_object
from postroom_sandbox.stalwart.store import Store

KINDS = {  # in the order in which they are applied to a request
    "refuse": "reset the connection before any response; the port stays open, because the control API uses it, too",
    "hang": "do not respond until the fault is off or the client disconnects",
    "unavailable": "respond 503",
    "throttle": "respond 429 with Retry-After",
    "limit": "respond 400 of type limit, as if four requests of the account were in progress",
    "fail": "respond 500 to a create whose address contains the word, and 451 to mail for it",
    "reset-before": "read the request, then reset the connection without doing anything",
    "late": "read the request, reset the connection, and execute the request after the delay",
    "cut-upload": "reset the connection of an upload after the first octets of its body",
    "reject": "refuse each object that a /set of the method would create with the SetError forbiddenToSend",
    "refuse-creates": "refuse each account that a request would create with the SetError of --error",
    "break-creates": "respond to the creates of accounts with the method error of --error",
    "odd-creates": "respond to the creates of accounts without saying whether they were made",
    "full": "refuse writes: every /set gets serverUnavailable, reads succeed, mail gets 451",
    "slow": "respond after the delay; the request occupies one of the account's four slots until then",
    "reset-after": "execute the request, then reset the connection instead of responding",
    "lose-hooks": "drop webhooks instead of sending them",
    "cut-events": "reset event streams instead of sending an event",
}
UPLOAD = "upload"
CREATE_FAULTS = frozenset(("refuse-creates", "break-creates", "odd-creates"))
"""Faults of accounts that would be created, in the `x:Account/set` of the request."""
NOTIFICATION_FAULTS = frozenset(("lose-hooks", "cut-events"))
"""Faults that strike notifications of the server, not requests."""


class Fault(BaseModel, frozen=True, strict=True, extra="forbid"):
    """`word` limits the fault to requests that create an account whose address contains it, and to mail by LMTP for
    such an address (451, unless the kind is hang, slow or reset-after). `full` without a word strikes all mail, too.
    `method` limits it to requests that call this method of JMAP, or to uploads: `upload`.
    `error` is the type of the error with which creates of accounts are refused.
    After it has struck `count` times, the fault is off.

    Only `seed` and the number of the request decide about `probability`, so that a run can be repeated.
    """

    kind: str
    word: str | None = None
    method: str | None = None
    count: NonNegativeInt | None = None
    probability: float = Field(default=1.0, ge=0, le=1)
    seed: NonNegativeInt = 0
    error: str = ""
    delay_ms: NonNegativeInt = 1000
    octets: NonNegativeInt = 0
    retry_after: NonNegativeInt = 30

    def is_spent(self, struck: int) -> bool:
        return self.count is not None and struck >= self.count

    def strikes(self, seen: int, struck: int) -> bool:
        """Whether it strikes a request, after it has seen `seen` others and struck `struck` of them."""
        if self.is_spent(struck):
            return False
        return random.Random(f"{self.seed}/{seen}").random() < self.probability  # noqa: S311 - no secret


def read_fault(value: Any) -> Fault:
    """Raises ValueError with a message for the person who sets the fault."""
    if not is_object(value) or value.get("kind") not in KINDS:
        raise ValueError(f"Give one of these as kind: {', '.join(KINDS)}.")
    own: dict[str, JSON] = {
        "fail": {"word": "should-fail"},
        "refuse-creates": {"error": "invalidProperties"},
        "break-creates": {"error": "serverUnavailable"},
        "reject": {"method": "EmailSubmission/set"},
        "cut-upload": {"method": UPLOAD},
    }
    defaults = own.get(value["kind"], {})
    try:
        return Fault(**(defaults | value))
    except ValidationError as error:
        raise ValueError("; ".join(f"{fault['loc'][0]}: {fault['msg']}" for fault in error.errors())) from None


class Faults:
    """The faults that are set, at most one of each kind. They stay set over a restart."""

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
        """Each fault with its counters, and whether it is still `on`: it is off once its `count` is reached."""
        rows = self._store.rows("SELECT document, seen, struck FROM faults ORDER BY kind")
        return [
            fault.model_dump() | {"seen": seen, "struck": struck, "on": not fault.is_spent(struck)}
            for fault, seen, struck in ((Fault.model_validate_json(text), *counts) for text, *counts in rows)
        ]

    def strike(self, fault: Fault) -> bool:
        """Whether the fault strikes this request; counts it."""
        row = self._store.row("SELECT seen, struck FROM faults WHERE kind = ?", fault.kind)
        struck = row is not None and fault.strikes(*row)
        sql = "UPDATE faults SET seen = seen + 1, struck = struck + ? WHERE kind = ?"
        self._store.run(sql, int(struck), fault.kind)
        return struck

    def strikes(self, kind: str) -> bool:
        """Whether a fault of this kind strikes now."""
        return any(fault.kind == kind and self.strike(fault) for fault in self.active)

    def for_mail_to(self, address: str) -> Iterator[Fault]:
        """The faults that strike mail for an address: those with a word, and `full`."""
        for fault in self.active:
            applies = fault.kind == "full" if fault.word is None else fault.word in address
            if applies and self.strike(fault):
                yield fault

    async def lifted(self, fault: Fault) -> None:
        """Wait until the fault is cleared or replaced."""
        while any(fault is active for active in self.active):
            await self._changed.wait()
