"""The port `Brakes`: judges whole passes, and makes due who may be changed."""

from collections.abc import Sequence

from psycopg.types.json import Jsonb

from postroom.domain.brake import ABSENT_FOR, ABSENT_PASSES, BRAKED, DAY, Counted, closed_after
from postroom.domain.difference import Kind
from postroom.domain.request import Request
from postroom.postgres.connection import Pool, connection, sql
from postroom.postgres.requests import request_of


class PostgresBrake:
    """`delay_factor` shortens its hours and days in the trial and in tests."""

    def __init__(self, pool: Pool, *, delay_factor: float = 1.0) -> None:
        self._pool = pool
        self._delay_factor = delay_factor

    async def judge(self, counted: Counted) -> Sequence[Request]:
        parameters = {
            "kinds": list(BRAKED),
            "most": ABSENT_PASSES,
            "absent_for": ABSENT_FOR * self._delay_factor,
            "seconds": DAY * self._delay_factor,
        }
        async with connection(self._pool) as conn, conn.transaction():
            (brake,) = await (await conn.execute(sql("brake_lock"))).fetchall()
            tally = await (await conn.execute(sql("brake_tally"), parameters)).fetchall()
            closed = closed_after(
                {Kind(kind): why for kind, why in brake["closed"].items()},
                counted,
                people={Kind(each["kind"]): each["people"] for each in tally},
                passed={Kind(each["kind"]): each["passed"] for each in tally},
                is_first=not brake["is_judged"],
            )
            parameters |= {"closed": Jsonb(closed), "kinds": [kind for kind in BRAKED if kind not in closed]}
            due = await (await conn.execute(sql("brake_judge"), parameters)).fetchall()
        return [request_of(each) for each in due]
