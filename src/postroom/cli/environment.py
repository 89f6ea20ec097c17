"""Where a command finds its settings: the environment, else a trial that runs, where the trial is installed."""

import os
from importlib.metadata import entry_points

from postroom.errors import ConfigurationError
from postroom.settings import Settings, load


def settings_or_trial() -> Settings:
    """Raises `ConfigurationError` when neither tells enough."""
    if "POSTROOM_DATABASE_URL" in os.environ or "POSTROOM_DATABASE_URL_FILE" in os.environ:
        return load(os.environ)
    environment: dict[str, str] = {}
    try:
        for trial in entry_points(group="postroom.environments"):
            environment |= trial.load()()
    except ConfigurationError as no_trial:
        try:
            return load(os.environ)
        except ConfigurationError as error:
            raise ConfigurationError(f"{error}; and {no_trial}") from error
    return load({**os.environ, **environment})
