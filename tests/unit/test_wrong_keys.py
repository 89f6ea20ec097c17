"""What the log says of webhooks that are refused for their key."""

from structlog.testing import capture_logs

from postroom.api.wrong_keys import WrongKeys


def test_webhooks_with_a_wrong_key_are_logged_at_once_and_then_once_a_minute_with_their_number() -> None:
    times = iter([5.0, 6.0, 64.9, 65.0, 66.0, 200.0])
    wrong_keys = WrongKeys("Kratos", "correct it", monotonic=lambda: next(times))
    with capture_logs() as lines:
        for _ in range(6):
            wrong_keys.count()
    assert [(line["refused"], line["fix"], line["log_level"]) for line in lines] == [
        (1, "correct it", "warning"),
        (3, "correct it", "warning"),
        (2, "correct it", "warning"),
    ]
    assert all("webhooks of Kratos" in line["event"] for line in lines)
