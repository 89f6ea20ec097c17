"""Checks again and again whether a person may still listen: a stream outlives the request that opened it."""

import asyncio
import math
from collections.abc import AsyncGenerator, Callable, Mapping
from datetime import UTC, datetime

from postroom.domain.person import Person, Scope
from postroom.errors import CrossSite, DatabaseUnavailable, KratosUnavailable, NoSession, SecondFactorDue
from postroom.people.ports import People


async def while_allowed(
    people: People,
    person: Person,
    headers: Mapping[str, str],
    *,
    every: float,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> AsyncGenerator[Person]:
    """Yield the `person` who was admitted with these headers after each new check: `every` so many seconds, and when
    the session or the access token expires. Ends when the person may not read any longer. `now` is the wall clock."""

    def seconds_left(person: Person) -> float:
        return math.inf if person.expires_at is None else (person.expires_at - now()).total_seconds()

    while True:
        await asyncio.sleep(min(every, seconds_left(person)))
        try:
            found = (await people.identify("GET", headers)).person
        except (NoSession, SecondFactorDue, CrossSite):
            return
        except (KratosUnavailable, DatabaseUnavailable):
            found = person  # an outage ends no session; the known expiry still applies
        is_same = found.identity_id == person.identity_id
        if not is_same or Scope.READ not in found.scopes or seconds_left(found) <= 0:
            return
        person = found
        yield person
