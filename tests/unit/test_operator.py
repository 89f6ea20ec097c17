"""The name of the person who types a command."""

import os
from unittest.mock import patch

import pytest

from postroom.cli.operator import operator_name


def test_the_name_is_that_of_the_environment_or_of_the_system() -> None:
    with patch.dict(os.environ, {"LOGNAME": "alice"}):
        assert operator_name() == "alice"


@pytest.mark.parametrize("error", [KeyError, OSError])  # until Python 3.12, and from 3.13 on
def test_a_user_without_a_name_as_in_a_container_can_run_commands(error: type[Exception]) -> None:
    with patch.dict(os.environ, clear=True), patch("pwd.getpwuid", side_effect=error):
        assert operator_name() == f"uid {os.getuid()}"
