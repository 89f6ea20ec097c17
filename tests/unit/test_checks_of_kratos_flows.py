"""`postroom check`: where Kratos sends browsers."""

import pytest

from postroom.checks.finding import Finding
from postroom.checks.kratos_flows import kratos_flows
from postroom.settings import Settings, load
from scripted_upstream import http_answer, json_answer, scripted_upstream

OURS = "https://mail.example.org"
NEEDED = {
    "DATABASE_URL": "postgresql://x@127.0.0.1/x",
    "STALWART_URL": OURS,
    "STALWART_API_KEY": "API_x",
    "WEBHOOK_KEY": "a-key-of-the-tests",
    "DOMAINS": "example.org",
}


def settings(**more: str) -> Settings:
    return load({f"POSTROOM_{name}": value for name, value in (NEEDED | more).items()})


async def found(answer: bytes, **more: str) -> list[Finding]:
    async with scripted_upstream(answer) as server:
        return await kratos_flows(settings(KRATOS_PUBLIC_URL=server.url, **more))


def flow(base: str) -> bytes:
    return json_answer({"ui": {"action": f"{base}/self-service/login?flow=1"}})


async def test_flows_on_our_own_origin_are_fine() -> None:
    for more in ({"PUBLIC_URL": OURS}, {"PUBLIC_URL": f"{OURS}/"}, {}):
        (finding,) = await found(flow(f"{OURS}/.ory/kratos/public"), **more)
        assert finding.state == "ok"


@pytest.mark.parametrize("base", ["https://kratos.example.org", OURS, "https://other.example.org/.ory/kratos/public"])
async def test_flows_elsewhere_are_a_warning_that_names_both_places(base: str) -> None:
    (finding,) = await found(flow(base), PUBLIC_URL=OURS)
    assert finding.state == "warning"
    assert f"to {base}:" in finding.details
    assert f"{OURS}/.ory/kratos/public" in finding.details
    assert "postroom setup kratos" in finding.fix


async def test_missing_public_url_is_part_of_the_fix() -> None:
    (finding,) = await found(flow("https://kratos.example.org"))
    assert finding.fix.startswith("set POSTROOM_PUBLIC_URL")


@pytest.mark.parametrize(
    "answer", [http_answer(404), http_answer(200, b"<html>"), json_answer({"ui": {}}), b"x\r\n\r\n"]
)
async def test_kratos_that_gives_no_flow_is_left_to_the_other_checks(answer: bytes) -> None:
    assert await found(answer, PUBLIC_URL=OURS) == []


async def test_without_kratos_there_is_nothing_to_check() -> None:
    assert await kratos_flows(settings()) == []
    assert await kratos_flows(settings(KRATOS_PUBLIC_URL="http://127.0.0.1:9")) == []
