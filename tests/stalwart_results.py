"""Which mail gets an Authentication-Results field of its own from a Stalwart of the tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from stalwart_client import StalwartClient

DEFAULT: dict[str, Any] = {"match": {"0": {"if": "local_port == 25", "then": "true"}}, "else": "false"}
"""The default of the server."""


async def added_when(admin: StalwartClient) -> dict[str, Any]:
    return (await admin.get("singleton", "MtaStageData"))["addAuthResultsHeader"]


async def add_when(admin: StalwartClient, value: dict[str, Any]) -> None:
    answer = await admin.call("x:MtaStageData/set", update={"singleton": {"addAuthResultsHeader": value}})
    assert answer["updated"] == {"singleton": None}, answer


@asynccontextmanager
async def with_results(admin: StalwartClient, value: dict[str, Any]) -> AsyncIterator[None]:
    before = await added_when(admin)
    await add_when(admin, value)
    try:
        yield
    finally:
        await add_when(admin, before)
