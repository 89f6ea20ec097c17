"""The command line: what it waits for, and what it says where the trial is not installed."""

import json
import re
import subprocess
import sys

import pytest

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
"""Each makes a command begin a twentieth of a second later, or more. pydantic does, too, but Typer loads it."""

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
print(json.dumps([*sys.modules]))
"""

WITHOUT_THE_TRIAL = """
import importlib.metadata, sys
importlib.metadata.entry_points = lambda **_: ()
from postroom.cli import main
main()
"""


def run(code: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)


def modules_after(code: str) -> set[str]:
    ran = run(code)
    assert ran.returncode == 0, ran.stderr
    return set(json.loads(ran.stdout))


def test_no_help_waits_for_a_driver_a_framework_or_a_migration() -> None:
    loaded = modules_after(HELP_OF_EVERYTHING)
    assert "postroom_sandbox.commands" in loaded
    assert loaded & HEAVY == set()


@pytest.mark.parametrize(
    ("command", "unneeded"),
    [
        ("look", {"alembic", "fastapi", "sqlalchemy", "uvicorn"}),
        ("status", {"alembic", "fastapi", "sqlalchemy", "uvicorn"}),
        ("check", {"alembic", "fastapi", "sqlalchemy", "uvicorn"}),
        ("service", {"alembic", "sqlalchemy"}),
        ("migrate", {"aiohttp", "fastapi", "httpx2", "redis", "uvicorn"}),
    ],
)
def test_a_command_waits_for_nothing_that_only_another_needs(command: str, unneeded: set[str]) -> None:
    loaded = modules_after(f"import json, sys, postroom.cli.{command}; print(json.dumps([*sys.modules]))")
    assert loaded & unneeded == set()


def test_without_words_it_shows_its_help() -> None:
    ran = run("from postroom.cli import main; main()")
    assert ran.returncode == 0
    assert ran.stdout == run("from postroom.cli import main; main()", "--help").stdout != ""


@pytest.mark.parametrize("words", ["up", "up --port 3077", "up --help", "env", "sandbox fault off"])
def test_without_the_trial_its_commands_say_in_one_line_what_to_install(words: str) -> None:
    ran = run(WITHOUT_THE_TRIAL, *words.split())
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("postroom: ")
    assert ran.stderr.count("\n") == 1
    assert "postroom-sandbox" in ran.stderr


def test_without_the_trial_no_help_speaks_of_it() -> None:
    told = run(WITHOUT_THE_TRIAL, "--help").stdout
    assert "status" in told
    assert not re.search(r"^\W*(up|env|sandbox)\b", told, re.MULTILINE)
