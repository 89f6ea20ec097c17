"""A gateway of its own for each test, before a mail server that answers by a script."""

from collections.abc import AsyncIterator

import pytest

from gateway_trial import GatewayTrial, gateway
from scripted_upstream import ScriptedUpstream, own_session, scripted_upstream


@pytest.fixture
async def server() -> AsyncIterator[ScriptedUpstream]:
    """Its sessions name the account whose login asks."""
    async with scripted_upstream() as server:
        server.session = own_session
        yield server


@pytest.fixture
async def trial(server: ScriptedUpstream) -> AsyncIterator[GatewayTrial]:
    async with gateway(server.url) as trial:
        yield trial
