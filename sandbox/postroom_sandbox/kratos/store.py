"""The state of the stand-in: one SQLite file, shared by both ports and kept between runs."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from postroom_sandbox.kratos.error import Json

FILE_NAME = "kratos.sqlite3"


class DuplicateIdentifier(Exception):
    """Another identity has this identifier."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt to send the webhook. `answer` is the status code, or the error."""

    identity_id: str
    email: str
    attempt: int
    sent_at: str
    answer: str


def _statements() -> dict[str, str]:
    text = files("postroom_sandbox.kratos").joinpath("statements.sql").read_text("utf-8")
    blocks = text.split("-- name: ")[1:]
    return {name.strip(): sql for name, _, sql in (block.partition("\n") for block in blocks)}


class Store:
    """Opens the state in `folder`, and creates it at the first start.

    Every statement runs in the event loop's thread, in its own transaction, and takes less than a millisecond. A commit
    survives `kill -9` of this process. A power failure may lose the last commits, which a trial tolerates.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._sql = _statements()
        self._db = sqlite3.connect(folder / FILE_NAME, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("PRAGMA foreign_keys = ON")
        self._db.executescript(self._sql["schema"])

    def close(self) -> None:
        self._db.close()

    def _run(self, name: str, **parameters: object) -> sqlite3.Cursor:
        return self._db.execute(self._sql[name], parameters)

    def _row(self, name: str, **parameters: object) -> Any:
        return self._run(name, **parameters).fetchone()

    def add_identity(self, identity: Json, identifier: str, password: str | None) -> None:
        """Store a new identity. `password` is a hash. Raises DuplicateIdentifier."""
        self._write("insert_identity", identity, identifier, password=password)

    def change_identity(self, identity: Json, identifier: str) -> None:
        """Store a changed identity. Raises DuplicateIdentifier."""
        self._write("update_identity", identity, identifier)

    def _write(self, name: str, identity: Json, identifier: str, **more: object) -> None:
        try:
            self._run(name, id=identity["id"], identifier=identifier, document=json.dumps(identity), **more)
        except sqlite3.IntegrityError as error:
            raise DuplicateIdentifier(identifier) from error

    def remove_identity(self, identity_id: str) -> bool:
        """Delete an identity with its sessions. False if it does not exist."""
        return self._run("delete_identity", id=identity_id).rowcount == 1

    def identity(self, identity_id: str) -> Json | None:
        row = self._row("identity", id=identity_id)
        return json.loads(row[0]) if row else None

    def login(self, identifier: str) -> tuple[Json, str | None] | None:
        """The identity with this normalised identifier, and the hash of its password."""
        row = self._row("login", identifier=identifier)
        return (json.loads(row[0]), row[1]) if row else None

    def identities(self, *, after: str, limit: int, ids: Sequence[str] = ()) -> list[Json]:
        """At most `limit` identities whose ids are greater than `after`, in the order of their ids."""
        only = json.dumps(ids) if ids else None
        rows = self._run("identities", after=after, limit=limit, ids=only)
        return [json.loads(document) for (document,) in rows]

    def add_session(self, token: str, identity_id: str, session: Json) -> None:
        self._run("insert_session", token=token, identity_id=identity_id, document=json.dumps(session))

    def change_session(self, token: str, session: Json) -> None:
        self._run("update_session", token=token, document=json.dumps(session))

    def session(self, token: str) -> tuple[Json, Json] | None:
        """The session with this token and its identity, even if the session has expired."""
        row = self._row("session", token=token)
        return (json.loads(row[0]), json.loads(row[1])) if row else None

    def revoke_session(self, token: str) -> bool:
        """Revoke a session. False if there never was one: a revoked session can be revoked again, as in Kratos."""
        return self._run("revoke_session", token=token).rowcount == 1

    def sessions(self, identity_id: str, *, not_of: str, at: str) -> list[Json]:
        """The sessions of an identity that are valid at that time, without the one with the token `not_of`."""
        rows = self._run("sessions", identity_id=identity_id, not_of=not_of, at=at)
        return [json.loads(document) for (document,) in rows]

    def revoke_sessions(self, identity_id: str, *, not_of: str = "", session_id: str | None = None) -> int:
        """Revoke the sessions of an identity, or the one with this id, but not the one with the token `not_of`."""
        return self._run("revoke_sessions", identity_id=identity_id, not_of=not_of, session_id=session_id).rowcount

    def age_sessions(self, authenticated_at: str) -> None:
        """Set the time of the login of every session."""
        self._run("age_sessions", authenticated_at=authenticated_at)

    def totp(self, identity_id: str) -> str | None:
        """The secret of the identity's authenticator app; None without one."""
        row = self._row("totp", identity_id=identity_id)
        return row[0] if row else None

    def put_totp(self, identity_id: str, secret: str | None) -> None:
        self._run("put_totp", identity_id=identity_id, secret=secret)

    def put_password(self, identity_id: str, password: str) -> None:
        """`password` is a hash."""
        self._run("put_password", id=identity_id, password=password)

    def add_message(self, message: Json) -> None:
        """Store a message that the courier would have sent."""
        self._run("insert_message", recipient=message["recipient"], document=json.dumps(message))

    def messages(self, *, limit: int, recipient: str | None = None) -> list[Json]:
        """The stored messages, newest first."""
        rows = self._run("messages", limit=limit, recipient=recipient)
        return [json.loads(document) for (document,) in rows]

    def put_flow(self, flow: Json) -> None:
        self._run("put_flow", id=flow["id"], document=json.dumps(flow))

    def flow(self, flow_id: str) -> Json | None:
        row = self._row("flow", id=flow_id)
        return json.loads(row[0]) if row else None

    def add_delivery(self, delivery: Delivery, trigger_id: str) -> None:
        self._run(
            "insert_delivery",
            trigger_id=trigger_id,
            identity_id=delivery.identity_id,
            email=delivery.email,
            attempt=delivery.attempt,
            sent_at=delivery.sent_at,
            answer=delivery.answer,
        )

    def deliveries(self, *, limit: int, identity_id: str | None = None) -> list[Delivery]:
        """The last attempts to send the webhook, newest first."""
        rows = self._run("deliveries", limit=limit, identity_id=identity_id)
        return [Delivery(*row) for row in rows]

    def faults(self) -> dict[str, int]:
        """The faults that are on, each with its delay in milliseconds, which only `slow` uses."""
        return dict(self._run("faults").fetchall())

    def put_fault(self, kind: str, delay_ms: int) -> None:
        self._run("put_fault", kind=kind, delay_ms=delay_ms)

    def clear_faults(self) -> None:
        self._run("delete_faults")
