"""How many delayed jobs with 120 bytes are accepted in a second, by one client and by fifty.

Ours is the web hook, over HTTP, while the breaker is open: the request is committed, and nothing more is done. A
peer's is its enqueue, from within its own library, without HTTP; so ours is told once more without.
"""

from benchmarks.contenders import CONTENDERS, DEFAULTS, OURS, Contender, rounds
from benchmarks.course import Course
from benchmarks.figures import Row, median_and_range, percentile
from benchmarks.form import Form
from benchmarks.lane import Lane
from benchmarks.servers import Servers, end
from postroom.domain.breaker import Cause
from postroom.postgres.breaker import PostgresBreakers
from postroom.postgres.connection import make_pool

CLIENTS = (1, 50)
WITHIN_THE_PROCESS = "within the process"

Kind = tuple[str | None, int]
"""The setting, None for how it is used, and the clients."""


async def measure(servers: Servers, form: Form, course: Course) -> list[Row]:
    rates: dict[tuple[str, Kind], list[Row]] = {}
    course.expect(form.accept_runs * len(CONTENDERS))
    for contenders in rounds(form.accept_runs):
        for contender in contenders:
            runs = await course.step(contender.name, _run(servers, contender, form))
            for kind, run in (runs or {}).items():
                rates.setdefault((contender.name, kind), []).append(run)
    return [
        {"contender": name, "clients": clients}
        | ({"setting": setting} if setting else {})
        | {"a second": median_and_range([run["a second"] for run in runs])}
        | {each: median_and_range([run[each] for run in runs], 2) for each in ("p50, ms", "p99, ms")}
        for (name, (setting, clients)), runs in rates.items()
    ]


async def _run(servers: Servers, contender: Contender, form: Form) -> dict[Kind, Row]:
    async with Lane(servers, contender, DEFAULTS) as lane:
        if contender is not OURS:
            return await _ask(lane, form, None)
        await open_breaker(servers, is_open=True)
        service, url = await servers.serve(POSTROOM_WORKER="false", POSTROOM_LOG_LEVEL="ERROR")
        try:
            over_http = await _ask(lane, form, None, BENCH_URL=url)
            return over_http | await _ask(lane, form, WITHIN_THE_PROCESS)
        finally:
            await end(service)
            await open_breaker(servers, is_open=False)


async def _ask(lane: Lane, form: Form, setting: str | None, **more: str) -> dict[Kind, Row]:
    asked = ("accept", "--seconds", str(form.accept_seconds), "--clients")
    return {(setting, clients): _rate(await lane.client(*asked, str(clients), **more)) for clients in CLIENTS}


async def open_breaker(servers: Servers, *, is_open: bool) -> None:
    async with make_pool(servers.postgres.service_url, size=2) as pool:
        breakers = PostgresBreakers(pool)
        if is_open:
            await breakers.open(Cause.OUTAGE, "a benchmark of accepting")
        else:
            await breakers.close(await breakers.read())


def _rate(found: Row) -> Row:
    milliseconds = [1000 * each for each in found["latencies"]]
    return {
        "a second": found["accepted"] / found["seconds"],
        "p50, ms": percentile(milliseconds, 50),
        "p99, ms": percentile(milliseconds, 99),
    }
