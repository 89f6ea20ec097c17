"""pyproject.toml allows sockets on loopback only and turns warnings into errors. Real servers: servers.py."""

import gc
import os
import signal
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

pytest_plugins = ["servers", "cyrus_mail", "stalwart_mail", "built_release", "lane_times"]

# Git tells what it starts, a hook or a rebase, which repository it works on: a test's own git would commit there.
for name in [each for each in os.environ if each.startswith("GIT_")]:
    del os.environ[name]
# All servers of the tests are on loopback, where no proxy of the machine leads.
os.environ |= {"no_proxy": "127.0.0.1,localhost,::1", "NO_PROXY": "127.0.0.1,localhost,::1"}

# On a busy machine an example takes longer than Hypothesis' 200 ms now and then. No property here is one of speed.
settings.register_profile(
    "no time limit", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("no time limit")


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell lets its background jobs ignore Ctrl-C, and each process that a test starts would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    # So does nohup. This process goes on as its user wants; what it starts begins with the default.
    signal.signal(signal.SIGHUP, lambda _number, _frame: None)


def opens_a_page(nodeid: str) -> bool:
    return nodeid.startswith(("tests/journeys/", "tests/hostile_mail/"))


class _OneBrowser(LoadFileScheduling):
    """`make test` runs several processes, and a file stays in one of them. All tests in a browser stay in the same one:
    a browser takes a core of its own, and two of them would make each other miss their times."""

    def _split_scope(self, nodeid: str) -> str:
        return "browser" if opens_a_page(nodeid) else super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    return _OneBrowser(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The browser's lane is the longest, so it starts first; `--no-loadscope-reorder` keeps this order."""
    items.sort(key=lambda item: not opens_a_page(item.nodeid))


@pytest.hookimpl(hookwrapper=True)
def pytest_collection() -> Generator[None]:
    gc.disable()  # nothing of thousands of tests is garbage: searching them took a third of the time
    yield
    gc.freeze()
    gc.enable()
