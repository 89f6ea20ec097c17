"""The main job: from a hook to its mailbox, on a mail server that answers in 1 ms; an import; what the audit costs.

Every mailbox is two commits and one request to the mail server. Load, service, mail server and PostgreSQL share the
cores of the host.
"""

import asyncio
import time

import psycopg

from benchmarks.contenders import OURS
from benchmarks.course import Course
from benchmarks.figures import Row, median_and_range, percentile
from benchmarks.form import Form
from benchmarks.servers import Servers, end

CLIENTS = (1, 50)
RUNS = 5
CONCURRENCY = "8"
"""Attempts at a time in an import; Stalwart itself serves four."""
LONGEST_IMPORT = 600.0
WITHOUT_MAIL_SERVER = "from benchmarks.peers import ours; ours.run('serve', {})"

PROVISIONED = b"SELECT count(*) FILTER (WHERE state = 'provisioned'), count(*) FROM email_requests"


async def measure(servers: Servers, form: Form, course: Course) -> list[Row]:
    runs = 1 if form.name == "tiny" else RUNS
    course.expect(runs + 1 + 2 * form.audit_runs)
    rows = await _hooks(servers, form, course, runs)
    rows += await course.step("import", _import(servers, form)) or []
    return rows + await _audit(servers, form, course)


async def _hooks(servers: Servers, form: Form, course: Course, runs: int) -> list[Row]:
    found = [await course.step(f"hooks {run + 1}", _hooks_once(servers, form)) for run in range(runs)]
    rows: list[Row] = []
    for clients in CLIENTS:
        told = [run[clients] for run in found if run]
        if told:
            rows.append(
                {"what": "hook to mailbox", "clients": clients, "n": form.hooks}
                | {name: median_and_range([run[name] for run in told], 2) for name in told[0]}
            )
    return rows


async def _hooks_once(servers: Servers, form: Form) -> dict[int, Row]:
    await servers.clean(OURS)
    mail_server, mail_url = await servers.quick_mail_server()
    # At its default level, as it runs for real: two lines a hook.
    service, url = await servers.serve(POSTROOM_STALWART_URL=mail_url, POSTROOM_LOG_LEVEL="INFO")
    try:
        await servers.hooks(url, 20, 1, "first")  # the domain's id is known, the statements are prepared
        return {clients: await _load(servers, url, mail_url, form.hooks, clients) for clients in CLIENTS}
    finally:
        await end(service)
        await end(mail_server)


async def _load(servers: Servers, url: str, mail_url: str, hooks: int, clients: int) -> Row:
    before = await servers.mail_server_requests(mail_url)
    found = await servers.hooks(url, hooks, clients, f"c{clients}x")
    asked = await servers.mail_server_requests(mail_url) - before
    milliseconds = [1000 * each for each in found["latencies"]]
    return {
        "p50, ms": percentile(milliseconds, 50),
        "p99, ms": percentile(milliseconds, 99),
        "a second": hooks / found["seconds"],
        "answered 200, %": 100 * found["statuses"].get("200", 0) / hooks,
        # Each client sent one hook before, to open its connection.
        "requests to the mail server per mailbox": asked / (hooks + clients),
    }


async def _import(servers: Servers, form: Form) -> list[Row]:
    """Identities that no hook told of, found by the sweep; the pace is lifted, as an operator would."""
    await servers.clean(OURS)
    mail_server, mail_url = await servers.quick_mail_server()
    kratos, kratos_url = await servers.kratos(form.imported)
    async with await psycopg.AsyncConnection.connect(servers.postgres.owner_url, autocommit=True) as database:
        begun = time.perf_counter()
        settings = {"POSTROOM_PACE": "0", "POSTROOM_CONCURRENCY": CONCURRENCY}
        service, _ = await servers.serve(
            POSTROOM_STALWART_URL=mail_url, POSTROOM_KRATOS_ADMIN_URL=kratos_url, **settings
        )
        try:
            stored, made = await _until_all(database, form.imported, begun)
        finally:
            await end(service)
            await end(kratos)
            await end(mail_server)
    return [
        {
            "what": "import",
            "n": form.imported,
            "settings": ", ".join(f"{name}={value}" for name, value in settings.items()),
            "all requests stored after, s": round(stored, 1),
            "all mailboxes made after, s": round(made, 1),
            "a second": round(form.imported / made, 1),
        }
    ]


async def _until_all(
    database: psycopg.AsyncConnection[tuple[int, int]], wanted: int, begun: float
) -> tuple[float, float]:
    stored_after = 0.0
    async with asyncio.timeout(LONGEST_IMPORT):
        while True:
            provisioned, stored = await (await database.execute(PROVISIONED)).fetchone() or (0, 0)
            elapsed = time.perf_counter() - begun
            if stored >= wanted and not stored_after:
                stored_after = elapsed
            if provisioned >= wanted:
                return stored_after, elapsed
            await asyncio.sleep(0.1)


async def _audit(servers: Servers, form: Form, course: Course) -> list[Row]:
    """The same hooks with the audit's rows and without, in turns; the mail server answers at once, in the process."""
    runs: dict[str, list[Row]] = {}
    for number in range(form.audit_runs):
        kinds = ("on", "off") if number % 2 == 0 else ("off", "on")
        for audit in kinds:
            if found := await course.step(f"audit {audit}", _audited(servers, form.audited, audit)):
                runs.setdefault(audit, []).append(found)
    return [
        {"what": "audit", "audit": audit, "n": form.audited}
        | {name: median_and_range([run[name] for run in found], 2) for name in found[0]}
        for audit, found in runs.items()
    ]


async def _audited(servers: Servers, hooks: int, audit: str) -> Row:
    await servers.clean(OURS)
    service, url = await servers.serve("-c", WITHOUT_MAIL_SERVER, BENCH_WITHOUT_AUDIT="0" if audit == "on" else "1")
    try:
        await servers.hooks(url, 20, 1, "first")
        one = await servers.hooks(url, hooks, 1, "one")
        fifty = await servers.hooks(url, hooks, 50, "fifty")
    finally:
        await end(service)
    return {
        "p50 of one client, ms": percentile([1000 * each for each in one["latencies"]], 50),
        "a second, 50 clients": hooks / fifty["seconds"],
    }
