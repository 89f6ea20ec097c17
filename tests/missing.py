"""What a machine may lack, a program or a part of the project that is not built: its tests are skipped, and say why."""

import os
import re
from typing import NoReturn

import pytest


class Missing(Exception):
    """It is missing; the text says why."""


def without(name: str) -> str:
    """The environment variable by which CI agrees to do without it. `name` may end with a version."""
    return "POSTROOM_TESTS_WITHOUT_" + re.sub(r" [0-9.]+$", "", name).replace(" ", "_").upper()


def is_agreed(name: str) -> bool:
    return os.environ.get(without(name)) == "1"


def is_ci() -> bool:
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


def skip_without(name: str, why: Missing) -> NoReturn:
    """Skip the test; in CI fail it, unless CI agreed to do without it."""
    reason = f"NOT TESTED with {name}: {why}"
    if is_ci() and not is_agreed(name):
        pytest.fail(f"{reason}. Set {without(name)}=1 to do without it.", pytrace=False)
    pytest.skip(reason)
