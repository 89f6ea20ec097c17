"""The port `Swept`: what the sweep stores."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb

from postroom.domain.brake import ABSENT_PASSES, Census, Counted
from postroom.domain.difference import Kind
from postroom.domain.mailbox import Mailbox
from postroom.postgres.connection import Statements, rows, rows_of_each, the_row
from postroom.postgres.requests import request_of
from postroom.provisioning.ports import SweepProgress, SweptPage


class PostgresSwept(Statements):
    async def progress(self) -> SweepProgress:
        found = await the_row(self._pool, "sweep_progress")
        census, counted = _census(found.pop("census")), _counted(found.pop("counted"))
        return SweepProgress(**found, census=census, counted=counted)

    async def start_soon(self) -> None:
        await rows(self._pool, "sweep_start_soon")

    async def put_off(self, seconds: float) -> None:
        await rows(self._pool, "sweep_put_off", {"seconds": seconds})

    async def restart(self, seconds: float) -> None:
        await rows(self._pool, "sweep_restart", {"seconds": seconds})

    async def store(self, mailboxes: Sequence[Mailbox]) -> SweptPage:
        found, refused = await rows_of_each(self._pool, "sweep_store", mailboxes, parameters_of)
        page, asked = SweptPage(), {mailbox.identity_id: mailbox for mailbox in mailboxes}
        for mailbox, why in refused:
            # Its address was taken at that very moment: it is held, and nothing is wrong with the identity.
            page.held.append(mailbox) if why == UniqueViolation.__name__ else page.refused.append((mailbox, why))
        for each in found:
            if each["is_changed"]:
                page.changed.append(asked[each["asked_id"]])
            elif each["identity_id"] is None:
                page.held.append(asked[each["asked_id"]])
            else:
                page.stored.append(request_of(each))
        return page

    async def advance(
        self,
        after: str | None,
        token: str | None,
        *,
        due_in: float,
        census: Census | None,
        counted: Counted | None,
        absent_since: datetime | None,
    ) -> None:
        parameters = {
            "after": after,
            "token": token,
            "due_in": due_in,
            "census": Jsonb(census.as_dict()) if census else None,
            "counted": Jsonb(asdict(counted)) if counted else None,
            "pass": absent_since,
            "most": ABSENT_PASSES,
        }
        await rows(self._pool, "sweep_advance", parameters)


def _census(stored: Any) -> Census | None:
    try:
        return Census.parse(stored)
    except (KeyError, TypeError, ValueError):
        return None  # there is none yet, or that of a later version


def _counted(stored: Any) -> Counted | None:
    if not stored:
        return None
    more = {Kind(kind): n for kind, n in stored["more"].items()}
    return Counted(stored["mailboxes"], stored["implausible"], more)


def parameters_of(mailboxes: Sequence[Mailbox]) -> dict[str, Any]:
    return {
        "identity_ids": [mailbox.identity_id for mailbox in mailboxes],
        "emails": [mailbox.email for mailbox in mailboxes],
        "names": [mailbox.display_name for mailbox in mailboxes],
    }
