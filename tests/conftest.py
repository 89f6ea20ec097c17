"""pyproject.toml allows sockets on loopback only and turns warnings into errors. Real servers: servers.py."""

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

pytest_plugins = ["servers", "cyrus_mail", "stalwart_mail", "built_release"]

# On a busy machine an example takes longer than Hypothesis' 200 ms now and then. No property here is one of speed.
settings.register_profile(
    "no time limit", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("no time limit")


class _OneBrowser(LoadFileScheduling):
    """`make test` runs two processes, and a file stays in one of them. All tests in a browser stay in the same one: a
    browser takes a core of its own, and two of them would make each other miss their times."""

    def _split_scope(self, nodeid: str) -> str:
        in_browser = nodeid.startswith(("tests/hostile_mail/", "tests/journeys/"))
        return "browser" if in_browser else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    return _OneBrowser(config, log)
