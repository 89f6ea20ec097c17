"""How far away a time can be, by the rule that sets it."""

import pytest

from postroom.retry.far_times import SPARE, within


def test_each_kind_of_time_may_be_as_far_away_as_its_rule_puts_it_and_a_minute_more() -> None:
    rules = {"request": 3600, "probe": 1800, "slow": 60, "create_probe": 60, "sweep": 900, "inspection": 3960}
    assert within(sweep_every=300, lease=30) == pytest.approx(
        {what: seconds + SPARE for what, seconds in rules.items()}
    )
    rare = within(sweep_every=86_400, lease=7200)
    assert (rare["sweep"], rare["request"]) == (pytest.approx(86_400 * 1.1 + SPARE), 7200 + SPARE)
