"""Celery on Redis. Its clients are threads, because the library has no asynchronous API."""
# pyright: reportMissingImports=false, reportFunctionMemberAccess=false

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial

from celery import Celery

from benchmarks.peers import driver, record

app = Celery("bench", broker=os.environ["BENCH_REDIS_URL"])


@app.task(name="job", ignore_result=True)
def job(key: str, seconds: float, _padding: str) -> None:
    record.run_blocking(key, seconds)


class CeleryPeer(driver.Client):
    async def open(self) -> None:
        self._threads = ThreadPoolExecutor(50)

    async def close(self) -> None:
        self._threads.shutdown()

    async def enqueue(self, key: str, due: float | None, seconds: float, padding: str) -> None:
        eta = None if due is None else datetime.fromtimestamp(due, UTC)
        call = partial(job.apply_async, (key, seconds, padding), eta=eta)
        await asyncio.get_running_loop().run_in_executor(self._threads, call)

    def work(self, best: bool) -> None:
        if best:
            app.conf.update(
                task_acks_late=True,
                task_reject_on_worker_lost=True,
                worker_prefetch_multiplier=128,
                # Longer than the delay of any job here: by its documentation, later jobs would run twice.
                broker_transport_options={"visibility_timeout": int(os.environ["BENCH_LONGEST_DELAY"]) + 20},
            )
        app.worker_main(["worker", "--loglevel=ERROR", f"--hostname=w{os.getpid()}@bench"])


if __name__ == "__main__":
    driver.main(CeleryPeer)
