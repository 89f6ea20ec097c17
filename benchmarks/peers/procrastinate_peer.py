"""procrastinate: jobs are rows of PostgreSQL, durable when they are accepted."""
# pyright: reportMissingImports=false, reportFunctionMemberAccess=false

import asyncio
import os
from datetime import UTC, datetime
from typing import Any

import psycopg
from procrastinate import App, PsycopgConnector

from benchmarks.peers import driver, record

URL = os.environ["BENCH_DATABASE_URL"]

app = App(connector=PsycopgConnector(conninfo=URL))


@app.task(name="job")
async def job(key: str, seconds: float, padding: str) -> None:
    await record.run(key, seconds)


async def retry_stalled(context: Any, timestamp: int) -> None:
    """The task that its documentation tells to add, for jobs whose worker died."""
    for stalled in await app.job_manager.get_stalled_jobs():
        await app.job_manager.retry_job(stalled)


class Procrastinate(driver.Client):
    async def open(self) -> None:
        await app.open_async()
        async with await psycopg.AsyncConnection.connect(URL) as connection:
            found = await (await connection.execute("SELECT to_regclass('procrastinate_jobs')")).fetchone()
        if found == (None,):
            await app.schema_manager.apply_schema_async()

    async def close(self) -> None:
        await app.close_async()

    async def enqueue(self, key: str, due: float | None, seconds: float, padding: str) -> None:
        at = None if due is None else datetime.fromtimestamp(due, UTC)
        await job.configure(schedule_at=at).defer_async(key=key, seconds=seconds, padding=padding)

    def work(self, best: bool) -> None:
        asyncio.run(self._work(best))

    async def _work(self, best: bool) -> None:
        more: dict[str, Any] = {}
        if best:
            task = app.task(name="retry_stalled", queueing_lock="retry_stalled", pass_context=True)(retry_stalled)
            app.periodic(cron="* * * * *")(task)
            more = {"concurrency": 16, "fetch_job_polling_interval": 0.05}
        async with app.open_async():
            await app.run_worker_async(**more)


if __name__ == "__main__":
    driver.main(Procrastinate)
