"""Log lines on standard error, one per event, as JSON or for a terminal. Tested in a separate process, since logging
can be configured only once."""

import json
import subprocess
import sys
import threading
import time

import pytest

SCRIPT = """
import logging, sys
from postroom.process.telemetry import configure_logging, log
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


BLOCKED_LOG = """
import sys
from postroom.process.telemetry import configure_logging, log
configure_logging(json=True)
for number in range({lines}):
    log.info("line", number=number, padding="x" * 1000)
print("went on", flush=True)
sys.stdin.readline()
log.info("after")
"""
"""Its lines are more than a pipe and our queue can hold, if nobody reads them."""


def test_slow_reader_gets_every_line_whole_although_the_pipe_does_not_block() -> None:
    """Standard error may be shared with a program that made it so, such as one on Node.js."""
    lines = 500
    script = "import os\nos.set_blocking(2, False)\n" + BLOCKED_LOG.format(lines=lines)
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == "went on\n"
        numbers = [json.loads(process.stderr.readline()).get("number") for _ in range(lines)]
        process.stdin.close()
        after = json.loads(process.stderr.readline())
    assert numbers == list(range(lines))
    assert after["event"] == "after"


def test_reader_that_stops_reading_blocks_nothing_and_learns_in_place_how_many_lines_it_missed() -> None:
    lines = 10_000
    with subprocess.Popen(
        [sys.executable, "-c", BLOCKED_LOG.format(lines=lines)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        # A process that its log blocks would wait forever, and so would the test.
        kill = threading.Timer(10, process.kill)
        kill.start()
        assert process.stdout.readline() == "went on\n"
        found = list[dict[str, object]]()
        for line in process.stderr:
            found.append(json.loads(line))
            if "dropped" in found[-1]:
                process.stdin.write("\n")
                process.stdin.flush()
        kill.cancel()
    *kept, notice, after = found
    assert [each["number"] for each in kept] == list(range(len(kept)))
    assert (notice["level"], notice["dropped"]) == ("warning", lines - len(kept))
    assert after["event"] == "after"


@pytest.mark.parametrize("read", [True, False], ids=["all lines, if they are read", "at once, if nobody reads them"])
def test_process_that_ends_writes_the_lines_that_it_has_logged(read: bool) -> None:
    lines = 1000
    with subprocess.Popen(
        [sys.executable, "-c", BLOCKED_LOG.format(lines=lines)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        kill = threading.Timer(10, process.kill)
        kill.start()
        assert process.stdout
        assert process.stdout.readline() == "went on\n"
        if read:
            assert process.stderr
            assert len(process.stderr.readlines()) == lines + 1
        began = time.monotonic()
        assert process.wait() == 0
        assert time.monotonic() - began < 5
        kill.cancel()
