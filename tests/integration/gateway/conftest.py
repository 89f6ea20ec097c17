"""A gateway for each test, in front of a scripted mail server."""

from collections.abc import AsyncIterator, Iterator

import pytest

from attacked_service import Attacked, attacked
from built_interface import write_build
from gateway_trial import GatewayTrial, gateway
from postroom.gateway.limits import GatewayLimits
from scripted_upstream import ScriptedUpstream, own_session, scripted_upstream

IMPATIENT = GatewayLimits(response_seconds=0.3, stall_seconds=0.5, queue_seconds=0.3, recheck_seconds=0.05)


@pytest.fixture
async def server() -> AsyncIterator[ScriptedUpstream]:
    """Its session names the account that belongs to the login of the request."""
    async with scripted_upstream() as server:
        server.session = own_session
        yield server


@pytest.fixture
async def trial(server: ScriptedUpstream) -> AsyncIterator[GatewayTrial]:
    async with gateway(server.url) as trial:
        yield trial


@pytest.fixture
async def impatient(server: ScriptedUpstream) -> AsyncIterator[GatewayTrial]:
    async with gateway(server.url, limits=IMPATIENT) as trial:
        yield trial


@pytest.fixture(scope="package")
async def attacked_service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Attacked]:
    async with attacked(write_build(tmp_path_factory.mktemp("interface"))) as service:
        yield service


@pytest.fixture
def service(attacked_service: Attacked) -> Iterator[Attacked]:
    """The mail server names Ben in every session, but only Ben's own responses may mention him, whatever a test
    sends."""
    attacked_service.forget()
    yield attacked_service
    if attacked_service.asked_as() <= {"ann"}:
        assert not [answer for answer in attacked_service.answers if b"ben" in answer.body]
