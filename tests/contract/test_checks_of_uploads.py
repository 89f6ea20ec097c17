"""The upload quota, and the finding about it: on the stand-in, or on a real Stalwart (conftest.py)."""

from collections.abc import AsyncIterator

import pytest

from mail_person import Person
from postroom import settings
from postroom.checks.upload_quota import fix_upload_quota, upload_quota_of_people
from postroom.composition.parts import Parts, connected
from postroom.stalwart.registry_client import StalwartClient as Client
from postroom.stalwart.upload_quota import BYTES, FILES
from stalwart_client import StalwartClient
from stalwart_uploads import DEFAULT, quota, set_quota, with_quota

MEGABYTE = 1_000_000


@pytest.fixture
async def at_default(admin: StalwartClient) -> AsyncIterator[None]:
    async with with_quota(admin, DEFAULT):
        yield


async def test_more_than_an_hours_worth_is_reported_as_that_until_the_quota_is_raised(
    parts: Parts, administrator: Client, through: Person, at_default: None
) -> None:
    """Not as a busy server: otherwise nobody would find out which limit to raise."""
    path = f"/jmap/upload/{through.account}/"
    for _ in range(2):
        answer = await through.http.post(path, content=bytes(24 * MEGABYTE))
        assert answer.status_code == 200
    for content in (bytes(24 * MEGABYTE), b"x"):
        answer = await through.http.post(path, content=content)
        problem = answer.json()
        assert (answer.status_code, problem["code"], problem["success"]) == (429, "upload_quota", False)
        assert 0 < int(answer.headers["retry-after"]) <= 3600
    answer = await through.call("Blob/upload", create={"a": {"data": [{"data:asText": "x"}]}})
    assert answer["notCreated"]["a"]["type"] == "overQuota"
    await fix_upload_quota(parts, administrator, dry_run=False)
    assert (await through.http.post(path, content=b"x")).status_code == 200


async def test_a_small_quota_is_reported_and_raised(
    parts: Parts, admin: StalwartClient, administrator: Client, at_default: None
) -> None:
    async def state() -> tuple[str, str]:
        finding = await upload_quota_of_people(parts, administrator)
        return finding.state, finding.details

    assert (await state())[0] == "warning"
    assert "1,000 files or 50 MB within 60 min" in (await state())[1]
    done = await fix_upload_quota(parts, administrator, dry_run=True)
    assert done
    assert done.details == "would be done: the upload quota raised to 10,000 files or 1,000 MB"
    assert await quota(admin) == DEFAULT
    done = await fix_upload_quota(parts, administrator, dry_run=False)
    assert done
    assert done.details.startswith("done: the upload quota raised")
    assert await quota(admin) == {"maxUploadCount": FILES, "uploadQuota": BYTES}
    assert (await state())[0] == "ok"
    assert await fix_upload_quota(parts, administrator, dry_run=False) is None


async def test_larger_upload_quota_is_left_unchanged(
    parts: Parts, admin: StalwartClient, administrator: Client, at_default: None
) -> None:
    await set_quota(admin, uploadQuota=2 * BYTES)
    assert await fix_upload_quota(parts, administrator, dry_run=False)
    assert await quota(admin) == {"maxUploadCount": FILES, "uploadQuota": 2 * BYTES}


@pytest.mark.parametrize("held", [["authenticate"], ["authenticate", "sysJmapGet"]])
async def test_upload_quota_check_reports_the_permissions_that_the_key_lacks(
    environ: dict[str, str], admin: StalwartClient, at_default: None, held: list[str]
) -> None:
    key = await admin.key_with(held)
    async with connected(settings.load(environ | {"POSTROOM_STALWART_API_KEY": key})) as parts:
        found = await upload_quota_of_people(parts, None)
        done = await fix_upload_quota(parts, None, dry_run=False)
    assert found.state == "warning"
    assert ("lacks sysJmapGet" in found.details) == ("sysJmapGet" not in held)
    assert done
    assert (done.state, "sysJmapUpdate" in done.details, "--admin" in done.fix) == ("error", True, True)
