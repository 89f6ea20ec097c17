"""Log lines on standard error, one per event, as JSON or for a terminal. Tested in a separate process, since logging
can be configured only once."""

import json
import subprocess
import sys

import pytest

SCRIPT = """
import logging, sys
from postroom.telemetry import configure_logging, log
configure_logging(json={json}, level="INFO")
log.debug("not logged")
log.info("Email account provisioned", email="ä@example.org", attempts=1)
try:
    secret = "hidden value"
    raise ValueError("broken")
except ValueError:
    log.exception("Something broke")
logging.getLogger("some.library").warning("a library's line")
logging.getLogger("httpx2").info("not logged either")
"""


def lines(*, as_json: bool) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(json=as_json)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_json_log_writes_one_object_per_line() -> None:
    reported, broke, library = (json.loads(line) for line in lines(as_json=True))
    assert reported.pop("timestamp").endswith("Z")
    assert reported == {"event": "Email account provisioned", "level": "info", "email": "ä@example.org", "attempts": 1}
    assert broke["level"] == "error"
    assert "ValueError: broken" in broke["exception"]
    assert (library["event"], library["level"]) == ("a library's line", "warning")


@pytest.mark.parametrize("as_json", [True, False])
def test_logged_traceback_shows_no_variable_values(as_json: bool) -> None:
    text = "\n".join(lines(as_json=as_json))
    assert "ValueError: broken" in text
    assert "Email account provisioned" in text
    assert "not logged" not in text
    # The plain traceback does not show the source line, but a rich formatter would show it with its variables.
    assert "hidden value" not in text


@pytest.mark.parametrize("stderr", [">/dev/full", ">&-"])
@pytest.mark.parametrize("as_json", [True, False])
def test_log_line_that_cannot_be_written_is_ignored(stderr: str, as_json: bool) -> None:
    """With a full disk, or after the reader of the log has ended, no webhook and no retry may fail because of it."""
    script = SCRIPT.format(json=as_json) + "print('went on')"
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" -c "$1" 2{stderr}', sys.executable, script],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.stdout, done.stderr) == ("went on\n", "")
