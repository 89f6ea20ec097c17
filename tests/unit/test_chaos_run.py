"""A run that does not become calm gives no evidence: rows that still change would look lost or duplicated."""

from contextlib import closing
from pathlib import Path
from typing import Any, cast
from unittest.mock import AsyncMock

from chaos.cluster import Cluster
from chaos.history import History
from chaos.plan import DOMAIN, FIRST_ID, LAST_ID, SERVICES, WORKERS, Plan
from chaos.run import LONGER, _Run
from postroom_sandbox.data_folder import DataFolder

IDLE = Plan("idle", 0, clean=0, seconds=0, hooks=[], faults=[], taken=[])


async def through(folder: Path, *, swept: bool, waiting: int) -> Any:
    """A run without webhooks and faults, of at most half a second, on a database that never changes."""
    found = [{"email": f"sweep-{str(identity_id)[:8]}@{DOMAIN}"} for identity_id in (FIRST_ID, LAST_ID)] * swept

    async def rows(query: str) -> list[dict[str, Any]]:
        return found if "LIKE" in query else [{"state": "waiting", "n": waiting}]

    cluster = cast(Cluster, AsyncMock(urls=[], key=""))
    cluster.database.rows = rows
    cluster.kratos.folder = folder / "kratos"
    with DataFolder(folder / "data") as data, closing(History(folder / "run.jsonl")) as history:
        for name in (*SERVICES, *WORKERS):
            data.log(name).touch()
        run = _Run(IDLE, cluster, history, data, folder, 0.5 - LONGER)
        run._load = AsyncMock()
        return await run.through()


async def test_chaos_run_with_waiting_requests_gives_no_evidence_but_the_reason(tmp_path: Path) -> None:
    ran = await through(tmp_path, swept=True, waiting=3)
    assert (ran.evidence, ran.why) == (None, "requests have not settled: 3 waiting")
    assert [event["event"] for event in ran.events if event["event"] in ("settled", "not settled")] == ["not settled"]


async def test_chaos_run_is_calm_only_after_a_complete_sweep(tmp_path: Path) -> None:
    ran = await through(tmp_path, swept=False, waiting=0)
    assert ran.evidence is None
    assert ran.why.startswith("the sweep has not found sweep-00000000@example.org")
