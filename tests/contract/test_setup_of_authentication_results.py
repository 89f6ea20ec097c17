"""`postroom setup stalwart` makes Stalwart add its own Authentication-Results to all mail: on the stand-in, or on a
real server (conftest.py)."""

import os
from collections.abc import AsyncIterator
from typing import Any

import pytest

from postroom.setup.administrator import Administrator, administrator
from postroom.setup.server_settings import ensure_authentication_results
from stalwart_client import StalwartClient

LOGIN, _, PASSWORD = os.environ.get("STALWART_ADMIN", "admin:pw").partition(":")
ALWAYS: dict[str, Any] = {"match": {}, "else": "true"}
DEFAULT: dict[str, Any] = {"match": {"0": {"if": "local_port == 25", "then": "true"}}, "else": "false"}
OWN: dict[str, Any] = {"match": {"0": {"if": "local_port == 2525", "then": "true"}}, "else": "false"}


async def present(admin: StalwartClient) -> dict[str, Any]:
    return (await admin.get("singleton", "MtaStageData"))["addAuthResultsHeader"]


async def set_to(admin: StalwartClient, value: dict[str, Any]) -> None:
    update = {"singleton": {"addAuthResultsHeader": value}}
    answer = await admin.call("x:MtaStageData/set", update=update)
    assert answer["updated"] == {"singleton": None}, answer


@pytest.fixture
async def by(admin: StalwartClient) -> AsyncIterator[Administrator]:
    before = await present(admin)
    async with administrator(admin.url, LOGIN, PASSWORD, dry_run=False) as by:
        yield by
    await set_to(admin, before)


async def test_default_is_changed_to_all_mail(admin: StalwartClient, by: Administrator) -> None:
    await set_to(admin, DEFAULT)
    dry = Administrator(by.client, by.registry, dry_run=True)
    assert (await ensure_authentication_results(dry)).state == "would change"
    assert await present(admin) == DEFAULT
    assert (await ensure_authentication_results(by)).state == "changed"
    assert await present(admin) == ALWAYS
    assert (await ensure_authentication_results(by)).state == "ok"


async def test_condition_of_the_operator_is_kept_with_a_warning(admin: StalwartClient, by: Administrator) -> None:
    await set_to(admin, OWN)
    step = await ensure_authentication_results(by)
    assert (step.state, await present(admin)) == ("warning", OWN)
    assert step.fix
