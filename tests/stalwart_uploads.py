"""The limit of a Stalwart of the tests on uploads per person and hour."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from stalwart_client import Answer, StalwartClient

DEFAULT = {"maxUploadCount": 1000, "uploadQuota": 50_000_000}
"""The default of the server."""


async def set_quota(admin: StalwartClient, **values: int) -> None:
    answers = await admin.calls(
        ("x:Jmap/set", {"update": {"singleton": values}}),
        ("x:Action/set", {"create": {"c": {"@type": "ReloadSettings"}}}),
    )
    assert answers[0]["updated"] == {"singleton": None}, answers


async def quota(admin: StalwartClient) -> Answer:
    found = await admin.get("singleton", "Jmap")
    return {name: found[name] for name in DEFAULT}


@asynccontextmanager
async def with_quota(admin: StalwartClient, values: dict[str, int]) -> AsyncIterator[None]:
    before = await quota(admin)
    await set_quota(admin, **values)
    try:
        yield
    finally:
        await set_quota(admin, **before)
