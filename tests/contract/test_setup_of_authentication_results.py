"""`postroom setup stalwart` makes Stalwart add its own Authentication-Results to all mail: on the stand-in, or on a
real server (conftest.py)."""

import os
from collections.abc import AsyncIterator
from typing import Any

import pytest

from postroom.setup.administrator import Administrator, administrator
from postroom.setup.server_settings import ensure_authentication_results
from stalwart_client import StalwartClient
from stalwart_results import DEFAULT, add_when, added_when, with_results

LOGIN, _, PASSWORD = os.environ.get("STALWART_ADMIN", "admin:pw").partition(":")
ALWAYS: dict[str, Any] = {"match": {}, "else": "true"}
OWN: dict[str, Any] = {"match": {"0": {"if": "local_port == 2525", "then": "true"}}, "else": "false"}


@pytest.fixture
async def by(admin: StalwartClient) -> AsyncIterator[Administrator]:
    async with with_results(admin, DEFAULT), administrator(admin.url, LOGIN, PASSWORD, dry_run=False) as by:
        yield by


async def test_default_is_changed_to_all_mail(admin: StalwartClient, by: Administrator) -> None:
    dry = Administrator(by.client, by.registry, dry_run=True)
    assert (await ensure_authentication_results(dry)).state == "would change"
    assert await added_when(admin) == DEFAULT
    assert (await ensure_authentication_results(by)).state == "changed"
    assert await added_when(admin) == ALWAYS
    assert (await ensure_authentication_results(by)).state == "ok"


async def test_condition_of_the_operator_is_kept_with_a_warning(admin: StalwartClient, by: Administrator) -> None:
    await add_when(admin, OWN)
    step = await ensure_authentication_results(by)
    assert (step.state, await added_when(admin)) == ("warning", OWN)
    assert step.fix
