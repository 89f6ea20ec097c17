"""Describes settings that are missing, wrong or misspelt. No text contains a value, which may be a secret."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo

PREFIX = "POSTROOM_"

_NOT_SETTINGS = re.compile(r"URL|SEEDS?|WRITE_DOCS|TESTS_\w+")
"""Variables that are used beside the settings: `postroom env` gives the service's address to curl as POSTROOM_URL, and
Postroom's own tests read the others."""

_WORDS = {
    "int_parsing": "must be a whole number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "bool_parsing": "must be true or false",
    "literal_error": "must be {expected}",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "value_error": "{error}",
}
"""By the type of pydantic's error, whose own messages are longer."""


@dataclass(frozen=True, slots=True)
class WrongSetting:
    """A variable that must be set, or set to something else."""

    setting: str
    """its name in `Settings`"""
    problem: str
    fix: str


@dataclass(frozen=True, slots=True)
class UnknownName:
    """A variable with our prefix that is not a setting. `meant`: the most similar setting."""

    name: str
    meant: str | None

    def __str__(self) -> str:
        return f"unknown setting: {self.name}" + (f" (did you mean {self.meant}?)" if self.meant else "")

    @property
    def fix(self) -> str:
        return f"rename it to {self.meant}, or remove it" if self.meant else "remove it"


def wrong_settings(error: ValidationError, fields: Mapping[str, FieldInfo]) -> list[WrongSetting]:
    """Each error that pydantic found."""
    found: list[WrongSetting] = []
    for each in error.errors(include_input=False, include_url=False):
        setting = str(each["loc"][0])
        variable = PREFIX + setting.upper()
        if each["type"] == "missing":
            problem, fix = f"{variable} is not set ({fields[setting].description})", f"set {variable}"
        else:
            problem, fix = (
                f"{variable}: {_words(each['type'], each['msg'], each.get('ctx', {}))}",
                f"correct {variable}",
            )
        found.append(WrongSetting(setting, problem, fix))
    return found


def _words(kind: str, message: str, context: Mapping[str, Any]) -> str:
    return _WORDS[kind].format_map(context) if kind in _WORDS else message


def unknown_names(names: Collection[str], known: Collection[str]) -> list[UnknownName]:
    """Those of `names` that are not `known`, both without the prefix."""
    strangers = [name for name in sorted(names) if name not in known and not _NOT_SETTINGS.fullmatch(name)]
    return [UnknownName(PREFIX + name, _nearest(name, known)) for name in strangers]


def _nearest(name: str, known: Collection[str]) -> str | None:
    return next((PREFIX + each for each in get_close_matches(name.upper(), known, n=1)), None)
