"""The command line: help, completion, imports, and the error if the trial is not installed."""

import json
import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from commands import Commands

HEAVY = {
    "aiohttp",
    "alembic",
    "cryptography",
    "fastapi",
    "httpx2",
    "prometheus_client",
    "psycopg",
    "redis",
    "rich",
    "sqlalchemy",
    "uvicorn",
}
"""Each delays the start of a command by at least 50 ms. pydantic does so, too, but Typer loads it anyway."""

HELP_OF_EVERYTHING = """
import json, sys
from typer.main import get_command
from typer.testing import CliRunner
from postroom.cli.app import app

def pages(group, words):
    yield words
    for name, command in getattr(group, "commands", {}).items():
        yield from pages(command, [*words, name])

for words in [*pages(get_command(app), [])]:
    result = CliRunner().invoke(app, [*words, "--help"])
    assert "Usage: " in result.output, result.output
    assert CliRunner().invoke(app, [*words, "-h"]).output == result.output
    narrow = CliRunner().invoke(app, [*words, "-h"], env={"COLUMNS": "60"}).output
    assert "..." not in narrow.replace("]...", "]"), narrow
print(json.dumps([*sys.modules]))
"""

COMPLETION = """
import json, sys
from postroom.cli import main
sys.argv = ["postroom"]
try:
    main()
except SystemExit:
    print(json.dumps([*sys.modules]))
"""

WITHOUT_THE_TRIAL = """
import importlib.metadata, sys
importlib.metadata.entry_points = lambda **_: ()
from postroom.cli import main
main()
"""


def run(code: str, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **variables})


def completed(words: str) -> tuple[list[str], set[str]]:
    """What bash would offer as the last of the words, and the modules that were loaded for it."""
    number = str(words.count(" "))
    ran = run(COMPLETION, _POSTROOM_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=number)
    *offered, modules = ran.stdout.splitlines()
    return offered, set(json.loads(modules))


def modules_after(code: str) -> set[str]:
    ran = run(code)
    assert ran.returncode == 0, ran.stderr
    return set(json.loads(ran.stdout))


def test_help_is_complete_and_loads_no_driver_framework_or_migration() -> None:
    loaded = modules_after(HELP_OF_EVERYTHING)
    assert "postroom_sandbox.commands" in loaded
    assert loaded & HEAVY == set()


@pytest.mark.parametrize(
    ("command", "unneeded"),
    [
        ("json_output", HEAVY),
        ("requests", {"alembic", "fastapi", "sqlalchemy", "uvicorn"}),
        ("status", {"alembic", "fastapi", "sqlalchemy", "uvicorn"}),
        ("check", {"alembic", "fastapi", "sqlalchemy", "uvicorn"}),
        ("service", {"alembic", "sqlalchemy"}),
        ("migrate", {"aiohttp", "fastapi", "httpx2", "redis", "uvicorn"}),
    ],
)
def test_command_imports_no_module_that_only_other_commands_need(command: str, unneeded: set[str]) -> None:
    loaded = modules_after(f"import json, sys, postroom.cli.{command}; print(json.dumps([*sys.modules]))")
    assert loaded & unneeded == set()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("postroom sta", ["status"]),
        ("postroom status --wa", ["--watch"]),
        ("postroom sandbox fault un", ["unavailable"]),
    ],
)
def test_shell_completion_offers_matching_words_without_loading_a_driver(words: str, offered: list[str]) -> None:
    found, modules = completed(words)
    assert found == offered
    assert modules & HEAVY == set()


@pytest.mark.parametrize("option", ["--version", "-V"])
async def test_version_option_prints_the_version_of_the_distribution(option: str) -> None:
    assert await Commands()(option) == f"postroom {version('postroom')}\n"


async def test_command_line_mistake_is_reported_in_one_line_without_control_characters() -> None:
    assert await Commands()("\x1b[2Jst\n", code=2) == (
        "postroom: No such command '\\x1b[2Jst\\n'. See postroom --help\n"
    )


@pytest.mark.parametrize(
    ("words", "reported"),
    [
        ("list --limit x", "Invalid value for '--limit': must be a whole number. See postroom list --help"),
        ("list --limit -1", "Invalid value for '--limit': must be at least 0. See postroom list --help"),
        ("up --port 99999", "Invalid value for '--port': must be at most 65535. See postroom up --help"),
        (
            "list -o csv",
            "Invalid value for '--output' / '-o': 'csv' is not one of 'table', 'wide', 'json'. "
            "See postroom list --help",
        ),
        (
            "list --stat x",
            "No such option: --stat (Possible options: --after, --state). See postroom list --help",
        ),
        ("status --interval 3", "--interval is the time between two prints of --watch: give both"),
    ],
)
async def test_command_line_mistake_is_reported_in_whole_sentences(words: str, reported: str) -> None:
    assert await Commands()(*words.split(), code=2) == f"postroom: {reported}\n"


@pytest.mark.parametrize(
    "words",
    [
        ("list", "--reason"),
        ("list", "--domain"),
        ("retry", "--dead", "--reason-starts"),
        ("bury", "--waiting", "--reason", "x", "--domain"),
        ("bury", "--waiting", "--reason", "x", "--waits-for"),
        ("dismiss", "--dead", "--reason", "x", "--reason-starts"),
    ],
)
async def test_an_empty_or_unreadable_option_never_selects_all_requests(words: tuple[str, ...]) -> None:
    assert "it is empty" in await Commands()(*words, "", code=2)
    assert "it is not text in UTF-8" in await Commands()(*words, "\udcff", code=2)


@pytest.mark.parametrize("words", [("log", ""), ("log", "--follow", " ")])
async def test_an_empty_address_does_not_stand_for_everybody(words: tuple[str, ...]) -> None:
    assert "the address is empty" in await Commands()(*words, code=2)


@pytest.mark.parametrize(("output", "code"), [(">&-", 0), (">/dev/full", 2)])
def test_output_that_cannot_be_written_is_at_most_one_line_of_error(output: str, code: int, tmp_path: Path) -> None:
    command = f'exec "$0" -m postroom setup files --write "$1" {output}'
    arguments = ["sh", "-c", command, sys.executable, str(tmp_path)]
    ran = subprocess.run(arguments, capture_output=True, text=True, check=False)
    expected = "postroom: the output cannot be written: No space left on device\n" if code else ""
    assert (ran.returncode, ran.stderr) == (code, expected)


def test_script_for_redis_is_read_as_utf_8_in_any_locale() -> None:
    code = (
        "from redis.asyncio import Redis\nfrom postroom.queue.retry_set import RetrySet\n"
        "RetrySet(Redis(), None, lease=1.0)\n"
    )
    ran = run(code, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_characters_that_the_output_encoding_lacks_are_escaped(encoding: str) -> None:
    code = "from postroom.cli import app, main; app.command('say')(lambda: print('李@例.org')); main()"
    ran = run(code, "say", PYTHONIOENCODING=encoding)
    assert (ran.stdout, ran.returncode) == ("\\u674e@\\u4f8b.org\n", 0), ran.stderr


def test_command_without_arguments_shows_its_help() -> None:
    ran = run("from postroom.cli import main; main()")
    assert ran.returncode == 0
    assert ran.stdout == run("from postroom.cli import main; main()", "--help").stdout != ""


@pytest.mark.parametrize("words", ["up", "up --port 3077", "up --help", "env", "sandbox fault off"])
def test_trial_commands_without_the_trial_say_in_one_line_what_to_install(words: str) -> None:
    ran = run(WITHOUT_THE_TRIAL, *words.split())
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("postroom: ")
    assert ran.stderr.count("\n") == 1
    assert "postroom-sandbox" in ran.stderr


def test_help_without_the_trial_omits_its_commands() -> None:
    reported = run(WITHOUT_THE_TRIAL, "--help").stdout
    assert "status" in reported
    assert not re.search(r"^\W*(up|env|sandbox)\b", reported, re.MULTILINE)
