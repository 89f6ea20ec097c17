"""procrastinate: jobs are rows of PostgreSQL, and durable once they are accepted."""
# pyright: reportMissingImports=false, reportFunctionMemberAccess=false

import asyncio
import os
from datetime import UTC, datetime
from typing import Any

import psycopg
import uvloop
from procrastinate import App, PsycopgConnector

from benchmarks.peers import driver, record

URL = os.environ["BENCH_DATABASE_URL"]
CLIENT_POOL = 12
"""Connections of the clients; ours have as many."""
CONCURRENCY = 16


def make_app(**pool: int) -> App:
    app = App(connector=PsycopgConnector(conninfo=URL, **pool))

    @app.task(name="job")
    async def job(key: str, seconds: float, padding: str) -> None:
        await record.run(key, seconds)

    return app


async def retry_stalled(app: App) -> None:
    for stalled in await app.job_manager.get_stalled_jobs():
        await app.job_manager.retry_job(stalled)


class Procrastinate(driver.Client):
    async def open(self) -> None:
        self._app = make_app(max_size=CLIENT_POOL)
        await self._app.open_async()
        async with await psycopg.AsyncConnection.connect(URL) as connection:
            found = await (await connection.execute("SELECT to_regclass('procrastinate_jobs')")).fetchone()
        if found == (None,):
            await self._app.schema_manager.apply_schema_async()

    async def close(self) -> None:
        await self._app.close_async()

    async def enqueue(self, key: str, due: float | None, seconds: float, padding: str) -> None:
        at = None if due is None else datetime.fromtimestamp(due, UTC)
        await self._app.tasks["job"].configure(schedule_at=at).defer_async(key=key, seconds=seconds, padding=padding)

    def work(self, best: bool) -> None:
        asyncio.run(self._work_at_best() if best else self._work(make_app()))

    async def _work_at_best(self) -> None:
        # Short jobs need a connection each, and one more (discussions, "Mind the size of your PostgreSQL pool").
        app = make_app(max_size=CONCURRENCY + 1)

        # For jobs whose worker died (howto/production/retry_stalled_jobs).
        @app.periodic(cron="* * * * *")
        @app.task(name="retry_stalled", queueing_lock="retry_stalled")
        async def _(timestamp: int) -> None:
            del timestamp
            await retry_stalled(app)

        await self._work(app, concurrency=CONCURRENCY, fetch_job_polling_interval=0.05)

    async def _work(self, app: App, **more: Any) -> None:
        async with app.open_async():
            await app.run_worker_async(**more)


if __name__ == "__main__":
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    driver.main(Procrastinate)
