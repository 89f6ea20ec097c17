"""Two settings of Stalwart: its upload quota, and the addresses that it never bans."""

from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from postroom.checks.upload_quota import of_quota
from postroom.errors import MailServerError, Misconfigured, Transient
from postroom.stalwart.allowed_ips import AllowedIps
from postroom.stalwart.upload_quota import UploadQuota, raise_upload_quota, upload_quota
from scripted_stalwart import ScriptedStalwart, method_error, responses

RELOADED = ("x:Action/set", {"created": {"c": {"id": "bvqmltj"}}})
RAISED = ("x:Jmap/set", {"updated": {"singleton": None}})


def quota(files: int, size: int, milliseconds: int = 3_600_000) -> UploadQuota:
    return UploadQuota(maxUploadCount=files, uploadQuota=size, uploadTtl=milliseconds)


@pytest.mark.parametrize(
    ("found", "state", "words"),
    [
        (quota(1000, 50_000_000), "warning", "1,000 files or 50 MB within 60 min"),
        (quota(10_000, 999_999_999), "warning", "1,000 MB"),
        (quota(9_999, 5_000_000_000), "warning", "9,999 files or 5,000 MB"),
        (quota(10_000, 1_000_000_000, 90_000), "ok", "10,000 files or 1,000 MB within 1.5 min"),
    ],
)
def test_check_warns_of_a_small_upload_quota(found: UploadQuota, state: str, words: str) -> None:
    finding = of_quota(found)
    assert finding.state == state
    assert words in finding.details
    assert ("--fix" in finding.fix) == (state == "warning")


async def test_upload_quota_is_read_and_raised_and_the_settings_reloaded() -> None:
    listed = {"maxUploadCount": 20_000, "uploadQuota": 50_000_000, "uploadTtl": 3_600_000, "maxUploadSize": 1}
    server = ScriptedStalwart(responses(("x:Jmap/get", {"list": [listed]})), responses(RAISED, RELOADED))
    client, registry = server.client(), server.registry()
    before = await upload_quota(client, registry)
    assert before == quota(20_000, 50_000_000)
    await raise_upload_quota(client, registry, before)
    wanted = {"maxUploadCount": 20_000, "uploadQuota": 1_000_000_000}
    assert server.calls() == [
        ["x:Jmap/set", {"update": {"singleton": wanted}}, "0"],
        ["x:Action/set", {"create": {"c": {"@type": "ReloadSettings"}}}, "1"],
    ]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (method_error("forbidden", description="You are not authorized"), Misconfigured),
        (responses(("x:Jmap/set", {"notUpdated": {"singleton": {"type": "invalidPatch"}}}), RELOADED), Misconfigured),
        (responses(("x:Jmap/set", {}), RELOADED), Transient),
        (responses(RAISED, ("error", {"type": "x"})), MailServerError),
    ],
)
async def test_a_quota_that_could_not_be_raised_is_reported(answer: Any, error: type[MailServerError]) -> None:
    server = ScriptedStalwart(answer)
    with pytest.raises(error):
        await raise_upload_quota(server.client(), server.registry(), quota(1, 1))


# Addresses that Stalwart never bans


NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def allowed_ips(server: ScriptedStalwart) -> AllowedIps:
    return AllowedIps(server.client(), server.registry(), now=lambda: NOW)


def listed(*found: dict[str, Any]):
    return responses(("x:AllowedIp/get", {"list": list(found), "notFound": []}))


async def test_allowed_addresses_and_networks_are_listed_without_expired_ones() -> None:
    server = ScriptedStalwart(
        listed(
            {"id": "a", "address": "203.0.113.9", "expiresAt": None},
            {"id": "b", "address": "10.0.0.0/8", "expiresAt": "2026-03-01T12:00:01Z"},
            {"id": "c", "address": "2001:db8::1"},
            {"id": "d", "address": "192.0.2.1", "expiresAt": "2026-03-01T12:00:00Z"},
            {"id": "e", "address": "what a newer server may say"},
        )
    )
    found = await allowed_ips(server).listed()
    assert found == [ip_network("203.0.113.9"), ip_network("10.0.0.0/8"), ip_network("2001:db8::1")]
    assert server.calls() == [["x:AllowedIp/get", {"ids": None}, "0"]]


async def test_added_allowed_ip_takes_effect_by_a_settings_reload() -> None:
    server = ScriptedStalwart(responses(("x:AllowedIp/set", {"created": {"c": {"id": "jqevukp2aeqa"}}}), RELOADED))
    await allowed_ips(server).add(ip_address("203.0.113.9"))
    assert server.calls() == [
        ["x:AllowedIp/set", {"create": {"c": {"address": "203.0.113.9", "reason": "Postroom"}}}, "0"],
        ["x:Action/set", {"create": {"c": {"@type": "ReloadSettings"}}}, "1"],
    ]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (method_error("forbidden", description="You are not authorized"), Misconfigured),
        (responses(("x:AllowedIp/set", {"notCreated": {"c": {"type": "invalidPatch"}}}), RELOADED), Misconfigured),
        (responses(("x:AllowedIp/set", {"created": None}), RELOADED), Transient),
        (responses(("x:AllowedIp/set", {"created": {"c": {"id": "a"}}}), ("error", {"type": "x"})), MailServerError),
    ],
)
async def test_an_address_that_could_not_be_added_is_reported(answer: Any, error: type[MailServerError]) -> None:
    server = ScriptedStalwart(answer)
    with pytest.raises(error):
        await allowed_ips(server).add(ip_address("203.0.113.9"))
