"""The log of changes: the states of each account and type, and `/changes` (RFC 8620 §5.2)."""

from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Literal

from postroom_sandbox.stalwart import ids
from postroom_sandbox.stalwart.errors import MethodError
from postroom_sandbox.stalwart.json_value import JSON
from postroom_sandbox.stalwart.mail import state_string
from postroom_sandbox.stalwart.mail.state_changes import StateChanges
from postroom_sandbox.stalwart.store import Store

Verb = Literal["created", "updated", "destroyed"]
_MAX_CHANGES = 5000
_COUNTS = ["totalEmails", "unreadEmails", "totalThreads", "unreadThreads"]


@dataclass
class Commit:
    """The changes that share one number, `change_id`."""

    change_id: int
    noted: dict[tuple[str, int], tuple[Verb, bool]] = field(default_factory=dict[tuple[str, int], tuple[Verb, bool]])
    other_types: set[str] = field(default_factory=set[str])

    def note(self, kind: str, number: int, verb: Verb, *, counts_only: bool = False) -> None:
        known = self.noted.get((kind, number))
        if known and verb == "updated" and (known[0] != "updated" or counts_only):
            return  # "created", "destroyed" and a change of more than counts have precedence
        self.noted[kind, number] = (verb, counts_only)

    def note_type(self, kind: str) -> None:
        """Note a change of a type that has a state but no objects: EmailDelivery (RFC 8621 §1.5)."""
        self.other_types.add(kind)


class ChangeLog:
    def __init__(self, store: Store, state_changes: StateChanges) -> None:
        self._store = store
        self._state_changes = state_changes

    def state(self, account: int, kind: str) -> str:
        sql = "SELECT change_id FROM mail_states WHERE account_id = ? AND type = ?"
        row = self._store.row(sql, account, kind)
        return state_string.encode(row[0] if row else 0)

    @contextmanager
    def commit(self, account: int) -> Generator[Commit]:
        """One transaction. The noted changes are written in it and published after it. A commit without changes uses no
        number."""
        with self._store.transaction():
            ((last,),) = self._store.rows("SELECT change_id FROM mail_accounts WHERE account_id = ?", account)
            commit = Commit(last + 1)
            yield commit
            kinds = {kind for kind, _ in commit.noted} | commit.other_types
            if kinds:
                self._write(account, commit, kinds)
        if kinds:
            self._state_changes.publish(account, dict.fromkeys(sorted(kinds), state_string.encode(commit.change_id)))

    def _write(self, account: int, commit: Commit, kinds: set[str]) -> None:
        number = commit.change_id
        self._store.run("UPDATE mail_accounts SET change_id = ? WHERE account_id = ?", number, account)
        for kind in kinds:
            sql = "INSERT OR REPLACE INTO mail_states (account_id, type, change_id) VALUES (?, ?, ?)"
            self._store.run(sql, account, kind, number)
        for (kind, object_id), (verb, counts_only) in commit.noted.items():
            sql = "INSERT INTO mail_changes VALUES (?, ?, ?, ?, ?, ?)"
            self._store.run(sql, account, kind, number, object_id, verb, counts_only)

    def changes(self, account: int, kind: str, since: str, most: int | None) -> JSON:
        """The response to `/changes`. Raises MethodError `cannotCalculateChanges`."""
        rows, reached = self._since(account, kind, since, most)
        verbs: dict[int, set[str]] = {}
        for _, number, verb, _ in rows:
            verbs.setdefault(number, set()).add(verb)
        created = [n for n, seen in verbs.items() if "created" in seen and "destroyed" not in seen]
        updated = [n for n, seen in verbs.items() if seen == {"updated"}]
        destroyed = [n for n, seen in verbs.items() if "destroyed" in seen and "created" not in seen]
        response: JSON = {"oldState": since, "newState": reached or self.state(account, kind)}
        response["hasMoreChanges"] = reached is not None
        lists = {"created": created, "updated": updated, "destroyed": destroyed}
        response |= {name: [ids.encode(number) for number in numbers] for name, numbers in lists.items()}
        if kind == "Mailbox" and updated and all(only for _, number, _, only in rows if number in updated):
            response["updatedProperties"] = _COUNTS
        return response

    def _since(
        self, account: int, kind: str, since: str, most: int | None
    ) -> tuple[list[tuple[int, int, str, int]], str | None]:
        """Change, object, verb and `counts_only`, for as many whole commits as `most` allows; then the state after
        them, or None if it is the current one."""
        number = state_string.decode(since)
        ((last,),) = self._store.rows("SELECT change_id FROM mail_accounts WHERE account_id = ?", account)
        if number is None or number > last:
            description = "The server cannot calculate changes for this state."
            raise MethodError("cannotCalculateChanges", description)
        sql = """
            SELECT change_id, object_id, verb, counts_only FROM mail_changes
            WHERE account_id = ? AND type = ? AND change_id > ? ORDER BY change_id, object_id"""
        room = min(most or _MAX_CHANGES, _MAX_CHANGES)
        rows: list[tuple[int, int, str, int]] = []
        seen: set[int] = set()
        with closing(self._store.each(sql, account, kind, number)) as found:
            for change, object_id, verb, counts_only in found:
                seen.add(object_id)
                if len(seen) > room:
                    whole = [row for row in rows if row[0] < change]
                    if not whole:
                        raise MethodError("cannotCalculateChanges", "One change alone is larger than maxChanges.")
                    return whole, state_string.encode(whole[-1][0])
                rows.append((change, object_id, verb, counts_only))
        return rows, None
