"""Checks by the audit whether Kratos' webhook arrives: one that is never sent, or has a wrong key, stores nothing, and
the sweep makes up for it minutes later."""

from datetime import UTC, datetime

from postroom.checks.finding import Finding
from postroom.composition.parts import Parts
from postroom.postgres.connection import the_row

PART = "kratos hook"
ENTRIES = 1000


async def kratos_hook(parts: Parts) -> Finding:
    """Raises `DatabaseUnavailable`, and PostgreSQL's error if a right is missing."""
    found = await the_row(parts.pool, "check_hooks", {"limit": ENTRIES})
    return of_hooks(found["hooked_at"], found["swept"], found["changed"])


def of_hooks(hooked_at: datetime | None, swept: int, changed: int) -> Finding:
    """For the time of the last hook, the number of identities that the sweep found since, and of those that only the
    sweep found to have changed within a day."""
    last = f"the last one came at {hooked_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if hooked_at else "none came yet"
    if changed and not swept:
        people = "1 changed identity" if changed == 1 else f"{changed} changed identities"
        return Finding(
            PART,
            "warning",
            f"{last}; within a day the sweep found {people} that no hook had reported",
            "if people changed them, start Kratos with the hooks settings.after.profile and verification.after of the "
            "registration-hook.yml that postroom setup kratos writes; for changes of before, or of the admin API, "
            "there is no hook",
        )
    if not swept:
        return Finding(PART, "ok", f"{last}, by the newest {ENTRIES:,} entries of the audit")
    people = "1 identity" if swept == 1 else f"{swept} identities"
    return Finding(
        PART,
        "warning",
        f"{last}; {'since then ' if hooked_at else ''}the sweep found {people} that no hook had reported",
        "if they registered, start Kratos with registration-hook.yml, and see its log and Postroom's for a wrong key; "
        "for people of before, or of the admin API, there is no hook",
    )
