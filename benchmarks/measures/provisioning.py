"""From hooks to mailboxes, with a mail server that responds in 1 ms; an import; and what the audit log costs.

Every mailbox takes two commits and one request to the mail server. Load generator, service, mail server and PostgreSQL
share the cores of the machine.
"""

import asyncio
import time

import psycopg

from benchmarks.contenders import OURS
from benchmarks.figures import Row, median_and_range, percentile
from benchmarks.scale import Scale
from benchmarks.servers import Servers, end
from benchmarks.steps import Steps

CLIENTS = (1, 50)
RUNS = 5
CONCURRENCY = "8"
"""Concurrent attempts in an import. Stalwart serves four for one account."""
LONGEST_IMPORT = 600.0
WITHOUT_MAIL_SERVER = "from benchmarks.peers import ours; ours.run('serve', {})"

PROVISIONED = b"SELECT count(*) FILTER (WHERE state = 'provisioned'), count(*) FROM email_requests"


async def measure(servers: Servers, scale: Scale, steps: Steps) -> list[Row]:
    runs = 1 if scale.name == "tiny" else RUNS
    steps.expect(runs + 1 + 2 * scale.audit_runs)
    rows = await _hooks(servers, scale, steps, runs)
    rows += await steps.run("import", _import(servers, scale)) or []
    return rows + await _audit(servers, scale, steps)


async def _hooks(servers: Servers, scale: Scale, steps: Steps, runs: int) -> list[Row]:
    found = [await steps.run(f"hooks {run + 1}", _hooks_once(servers, scale)) for run in range(runs)]
    rows: list[Row] = []
    for clients in CLIENTS:
        succeeded = [run[clients] for run in found if run]
        if succeeded:
            rows.append(
                {"what": "hook to mailbox", "clients": clients, "n": scale.hooks}
                | {name: median_and_range([run[name] for run in succeeded], 2) for name in succeeded[0]}
            )
    return rows


async def _hooks_once(servers: Servers, scale: Scale) -> dict[int, Row]:
    await servers.clean(OURS)
    mail_server, mail_url = await servers.stub_mail_server()
    # The default log level, as in production: two lines for each hook.
    service, url = await servers.serve(POSTROOM_STALWART_URL=mail_url, POSTROOM_LOG_LEVEL="INFO")
    try:
        await servers.hooks(url, 20, 1, "first")  # looks up the id of the domain, and prepares the statements
        return {clients: await _load(servers, url, mail_url, scale.hooks, clients) for clients in CLIENTS}
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
        "status 200, %": 100 * found["statuses"].get("200", 0) / hooks,
        # Each client sent one more hook, to open its connection.
        "requests to the mail server per mailbox": asked / (hooks + clients),
    }


async def _import(servers: Servers, scale: Scale) -> list[Row]:
    """Measure how the sweep finds identities that no hook reported. The pace is lifted, as an operator would do."""
    await servers.clean(OURS)
    mail_server, mail_url = await servers.stub_mail_server()
    kratos, kratos_url = await servers.kratos(scale.imported)
    async with await psycopg.AsyncConnection.connect(servers.postgres.owner_url, autocommit=True) as database:
        begun = time.perf_counter()
        settings = {"POSTROOM_PACE": "0", "POSTROOM_CONCURRENCY": CONCURRENCY}
        service, _ = await servers.serve(
            POSTROOM_STALWART_URL=mail_url, POSTROOM_KRATOS_ADMIN_URL=kratos_url, **settings
        )
        try:
            stored, made = await _until_all(database, scale.imported, begun)
        finally:
            await end(service)
            await end(kratos)
            await end(mail_server)
    return [
        {
            "what": "import",
            "n": scale.imported,
            "settings": ", ".join(f"{name}={value}" for name, value in settings.items()),
            "all requests stored after, s": round(stored, 1),
            "all mailboxes made after, s": round(made, 1),
            "a second": round(scale.imported / made, 1),
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


async def _audit(servers: Servers, scale: Scale, steps: Steps) -> list[Row]:
    """Send the same hooks alternately with and without the audit log. The mail server is a stub inside the process."""
    runs: dict[str, list[Row]] = {}
    for number in range(scale.audit_runs):
        kinds = ("on", "off") if number % 2 == 0 else ("off", "on")
        for audit in kinds:
            if found := await steps.run(f"audit {audit}", _audited(servers, scale.audited, audit)):
                runs.setdefault(audit, []).append(found)
    return [
        {"what": "audit", "audit": audit, "n": scale.audited}
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
