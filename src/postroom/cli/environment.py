"""The settings of a command: from the environment, or from a running trial if the trial is installed."""

import os
from collections.abc import Collection, Mapping
from importlib.metadata import entry_points

import typer

from postroom.errors import ConfigurationError
from postroom.settings.environment import load, load_part, unknown
from postroom.settings.settings import Settings
from postroom.settings.wrong_setting import PREFIX


def settings_or_trial() -> Settings:
    """Raises `ConfigurationError` if a required setting is missing or wrong."""
    environment, no_trial = environment_or_trial()
    try:
        return load_and_warn(environment)
    except ConfigurationError as error:
        raise ConfigurationError(f"{error}; and {no_trial}" if no_trial else str(error)) from error


def environment_or_trial() -> tuple[Mapping[str, str], str]:
    """The variables, with those of a running trial if they name no database, and otherwise why no trial was found.
    Raises `ConfigurationError` if there are no settings at all."""
    if "POSTROOM_DATABASE_URL" in os.environ or "POSTROOM_DATABASE_URL_FILE" in os.environ:
        return os.environ, ""
    try:
        return {**os.environ, **_of_trial()}, ""
    except ConfigurationError as no_trial:
        if not any(name.startswith(PREFIX) for name in os.environ):
            # A list of all missing settings would not help.
            fix = "for a service of your own, set POSTROOM_DATABASE_URL and its other settings"
            raise ConfigurationError(str(no_trial), fix=fix) from no_trial
        return os.environ, str(no_trial)


def part_or_trial(needed: Collection[str]) -> Settings:
    """As `load_part`, from the environment if it has the `needed` settings, or else from a running trial. Raises
    `ConfigurationError`."""
    try:
        return load_part(needed)
    except ConfigurationError as error:
        try:
            of_trial = _of_trial()
        except ConfigurationError:
            raise error from None
    return load_part(needed, {**os.environ, **of_trial})


def _of_trial() -> dict[str, str]:
    """The variables of the running trial; {} if the trial is not installed. Raises `ConfigurationError` if none
    runs."""
    found: dict[str, str] = {}
    for trial in entry_points(group="postroom.environments"):
        found |= trial.load()()
    return found


def load_and_warn(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings; prints a line on standard error about misspelt ones. Raises `ConfigurationError`."""
    settings = load(environment)
    if strangers := unknown(environment):
        typer.echo(f"postroom: {'; '.join(map(str, strangers))}", err=True)
    return settings
