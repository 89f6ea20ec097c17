"""Whatever fits the OpenAPI description, or nearly does, is answered without a 5xx and stores no request."""

from collections.abc import AsyncGenerator

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from postroom.api.app import create_app
from postroom.api.webhook import HookPolicy, Webhook
from trial import Trial, trial


async def _no_counts() -> dict[str, float]:
    return {}


class _Unused:
    """The description needs no parts."""


def _description() -> dict[str, object]:
    policy = HookPolicy(keys=["-"], domains=["example.org"], reserved=[], retry_after_seconds=1, at_once=1)
    return create_app(Webhook(_Unused(), _Unused(), policy), _no_counts).openapi()  # pyright: ignore[reportArgumentType]


schema = schemathesis.openapi.from_dict(_description())


@pytest.fixture(scope="module")
async def up(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Trial]:
    async with trial(tmp_path_factory.mktemp("trial")) as started:
        await started.up()
        yield started


@schema.parametrize()
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
def test_no_description_leads_to_a_5xx(up: Trial, case: schemathesis.Case) -> None:
    headers = {"X-Postroom-Key": up.environment["POSTROOM_WEBHOOK_KEY"]}
    answer = case.call(base_url=up.environment["POSTROOM_URL"], headers=headers)
    assert answer.status_code < 500, answer.text
    assert "Traceback" not in answer.text
