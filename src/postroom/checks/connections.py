"""Compares how many connections PostgreSQL allows with how many the processes open."""

from dataclasses import dataclass

from postroom.checks.finding import Finding
from postroom.composition.parts import Parts
from postroom.postgres.connection import the_row
from postroom.postgres.processes import SEEN_WITHIN

BESIDE_THE_POOL = 2
"""Connections of a process: for what it leads, and for live events."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """CONNECTION LIMIT of the role and of the database, None if there is none, and what `max_connections` leaves to
    ordinary roles."""

    role: int | None
    database: int | None
    server: int


async def connections(parts: Parts) -> Finding | None:
    """None if they suffice. Raises `DatabaseUnavailable`."""
    allowed = Allowed(**await the_row(parts.pool, "check_connections"))
    running = [each for each in await parts.processes.all() if each["unseen_seconds"] < SEEN_WITHIN]
    return of_connections(allowed, processes=len(running), pool_size=parts.settings.pool_size)


def of_connections(allowed: Allowed, *, processes: int, pool_size: int) -> Finding | None:
    """Beyond the limit, a process may lead nothing: no process sweeps, releases or reconciles, while webhooks are
    served."""
    needed = max(1, processes) * (pool_size + BESIDE_THE_POOL)
    limits = {
        f"the role may have {allowed.role}": (allowed.role, f"run ALTER ROLE … CONNECTION LIMIT {needed}"),
        f"the database accepts {allowed.database}": (
            allowed.database,
            f"run ALTER DATABASE … CONNECTION LIMIT {needed}",
        ),
        f"the server accepts {allowed.server}": (allowed.server, "raise max_connections"),
    }
    most, said, fix = min((limit, said, fix) for said, (limit, fix) in limits.items() if limit is not None)
    if most >= needed:
        return None
    who = "a process opens" if processes < 2 else f"{processes} processes open"
    return Finding(
        "connections",
        "warning",
        f"{said} connections; {who} up to {needed} (POSTROOM_POOL_SIZE={pool_size}, and {BESIDE_THE_POOL} in each)",
        f"{fix} in PostgreSQL, or lower POSTROOM_POOL_SIZE",
    )
