"""Which versions of Stalwart do, and what is said where none is stated."""

import re
from pathlib import Path

import pytest

from postroom.checks.stalwart_version import stalwart_version
from postroom.errors import ConfigurationError
from postroom.stalwart.version import NEEDED, OLDEST, shortcoming, spelled, version_of

ROOT = Path(__file__).resolve().parents[2]
STATED = re.compile(r"Stalwart\W+(?:is )?([0-9]+\.[0-9]+(?:\.[0-9]+)?) or newer")
"""Where a text says from which version on Stalwart does."""


@pytest.mark.parametrize("text", ["0.16.15", "0.16.19", "v0.16.27", "0.17.0", "1.0.0", "1.1.4", "12.0.0"])
def test_the_oldest_version_that_does_and_all_newer_ones_are_fine(text: str) -> None:
    found = stalwart_version(version_of(text))
    assert (found.state, text.removeprefix("v") in found.details, found.fix) == ("ok", True, "")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0.15.5", "second mailbox"),
        ("0.16.0", "disabled aliases receive mail"),
        ("0.16.7", "disabled aliases receive mail"),
        ("0.16.8", "regain"),
        ("0.16.14", "regain"),
    ],
)
def test_an_older_version_is_an_error_with_its_reason_and_the_way_up(text: str, why: str) -> None:
    found = stalwart_version(version_of(text))
    assert (found.state, why in found.details, NEEDED in found.details) == ("error", True, True)
    assert "update" in found.fix


@pytest.mark.parametrize("text", ["", "0.16", "1", "1.x", "latest", "0.16.19-dev", "0.16.19\n", "0.16.١٩"])
def test_what_is_no_version_is_bad_input(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"such as 0\.16\.19"):
        version_of(text)


def test_without_a_version_the_row_is_neither_right_nor_wrong() -> None:
    found = stalwart_version(None)
    assert (found.state, found.details.startswith("not checked"), "--stalwart-version" in found.fix) == (
        "warning",
        True,
        True,
    )


def test_every_page_and_message_states_the_same_oldest_version() -> None:
    assert shortcoming(OLDEST) is None
    assert f"Stalwart {spelled(OLDEST)} or newer" in NEEDED
    pages = [*ROOT.glob("*.md"), ROOT / "compose.yaml", *(ROOT / "docs").rglob("*.md")]
    for path in [*pages, *(ROOT / "src/postroom").rglob("*.py"), *(ROOT / "src/postroom/deploy").rglob("*.yaml")]:
        stated = set(STATED.findall(" ".join(path.read_text().split())))
        assert stated <= {spelled(OLDEST)}, path
    for name in ("README.md", "SECURITY.md", "CHANGELOG.md", "compose.yaml", "docs/mail-servers.md"):
        assert NEEDED in " ".join((ROOT / name).read_text().split()), name
    for name in ("install", "production", "mail", "connect-a-device"):
        assert NEEDED in " ".join((ROOT / f"docs/how-to/{name}.md").read_text().replace("**", "").split()), name
