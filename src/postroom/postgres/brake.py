"""The port `Brakes`: judges whole passes, and makes due who may be changed."""

from collections import Counter
from collections.abc import Sequence

from psycopg.types.json import Jsonb

from postroom.domain.brake import ABSENT_FOR, ABSENT_PASSES, BRAKED, DAY, Counted, closed_after
from postroom.domain.difference import Kind
from postroom.domain.request import Request
from postroom.domain.wish import OLD_ADDRESSES, RENAMED_WITHIN
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
            "renamed_within": RENAMED_WITHIN * self._delay_factor,
            "old_addresses": OLD_ADDRESSES,
            "seconds": DAY * self._delay_factor,
        }
        async with connection(self._pool) as conn, conn.transaction():
            (brake,) = await (await conn.execute(sql("brake_lock"))).fetchall()
            differ = await (await conn.execute(sql("brake_due"), parameters)).fetchall()
            passed = await (await conn.execute(sql("brake_passed"), parameters)).fetchall()
            closed = closed_after(
                {Kind(kind): why for kind, why in brake["closed"].items()},
                counted,
                people=Counter(Kind(each["kind"]) for each in differ if not each["is_accepted"]),
                passed={Kind(each["kind"]): each["people"] for each in passed},
                is_first=not brake["is_judged"],
            )
            due = [each["identity_id"] for each in differ if each["is_accepted"] or each["kind"] not in closed]
            parameters |= {"closed": Jsonb(closed), "identity_ids": due}
            found = await (await conn.execute(sql("brake_judge"), parameters)).fetchall()
        return [request_of(each) for each in found]
