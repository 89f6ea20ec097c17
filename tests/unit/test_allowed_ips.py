"""Addresses that Stalwart never bans: listing them, recognising ours, and adding it."""

from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from postroom.errors import MailServerError, Misconfigured, Transient
from postroom.stalwart.allowed_ips import AllowedIps
from scripted_stalwart import ScriptedStalwart, method_error, responses

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
RELOADED = ("x:Action/set", {"created": {"c": {"id": "bvqmltj"}}})


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
