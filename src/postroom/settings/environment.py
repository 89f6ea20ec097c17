"""The settings that an environment holds: the variables `POSTROOM_…`, and the files that `POSTROOM_…_FILE` names."""

import os
from collections.abc import Collection, Mapping

from pydantic import ValidationError

from postroom.errors import ConfigurationError
from postroom.settings.secret_files import SECRETS, read_secrets
from postroom.settings.settings import Settings
from postroom.settings.wrong_setting import PREFIX, UnknownName, WrongSetting, unknown_names, wrong_settings


def load(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings in `environment`. Raises a `ConfigurationError` that names each wrong variable and the fix."""
    settings, wrong = load_what_is_right(environment)
    _require_none(wrong, environment)
    return settings


def load_part(needed: Collection[str], environment: Mapping[str, str] = os.environ) -> Settings:
    """As `load`, for a host that is being set up: of the required settings only these have to be there. The others may
    lead nowhere, and no other secret is read: its file may be yet to be written."""
    secrets = {PREFIX + secret for secret in SECRETS if secret.lower() not in needed}
    kept = {name: value for name, value in environment.items() if name.removesuffix("_FILE") not in secrets}
    settings, wrong = load_what_is_right(kept)
    _require_none([each for each in wrong if each.setting in needed or each.setting not in _NOWHERE], environment)
    return settings


def _require_none(wrong: Collection[WrongSetting], environment: Mapping[str, str]) -> None:
    if wrong:
        problems = [each.problem for each in wrong]
        # Usually it is the missing setting, misspelt.
        raise ConfigurationError("; ".join([*problems, *map(str, unknown(environment))]))


def load_what_is_right(environment: Mapping[str, str] = os.environ) -> tuple[Settings, list[WrongSetting]]:
    """The settings, and those that are wrong or missing: of these the former hold the default, or a value that leads
    nowhere."""
    values, wrong = _read(environment)
    while True:
        in_their_place = {name: value for name, value in _NOWHERE.items() if name in wrong}
        try:
            return Settings.model_validate(in_their_place | values), list(wrong.values())
        except ValidationError as error:
            found = wrong_settings(error, Settings.model_fields)
        for each in found:
            values.pop(each.setting, None)
            wrong[each.setting] = each


def given(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What `environment` sets, by the names of the settings, the secrets read from their files. Raises
    `ConfigurationError` when a file cannot be read."""
    values, wrong = _read(environment)
    if wrong:
        raise ConfigurationError("; ".join(each.problem for each in wrong.values()))
    return values


def _read(environment: Mapping[str, str]) -> tuple[dict[str, str], dict[str, WrongSetting]]:
    """The values in `environment`, and the files that cannot be read."""
    values = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX) and value.strip()
    }
    wrong = read_secrets(values)
    return values, wrong


_NOWHERE = {
    "database_url": "postgresql:///nowhere?host=/nonexistent",
    "stalwart_url": "http://nowhere.invalid",
    "stalwart_api_key": "none",
    "webhook_key": "none-of-16-characters",
    "domains": "nowhere.invalid",
}
"""In the place of required settings, so that the others can be checked all the same."""


def unknown(environment: Mapping[str, str] = os.environ) -> list[UnknownName]:
    """Variables with our prefix that are not settings: misspelt ones would be ignored silently."""
    known = {name.upper() for name in Settings.model_fields} | {f"{secret}_FILE" for secret in SECRETS}
    return unknown_names({name.removeprefix(PREFIX) for name in environment if name.startswith(PREFIX)}, known)
