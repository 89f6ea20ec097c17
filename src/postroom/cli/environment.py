"""Where a command finds its settings: the environment, else a trial that runs, where the trial is installed."""

import os
from importlib.metadata import entry_points

from postroom.errors import ConfigurationError
from postroom.settings import PREFIX, Settings, load


def settings_or_trial() -> Settings:
    """Raises `ConfigurationError` when neither tells enough."""
    if "POSTROOM_DATABASE_URL" in os.environ or "POSTROOM_DATABASE_URL_FILE" in os.environ:
        return load(os.environ)
    environment: dict[str, str] = {}
    try:
        for trial in entry_points(group="postroom.environments"):
            environment |= trial.load()()
    except ConfigurationError as no_trial:
        if not any(name.startswith(PREFIX) for name in os.environ):
            # Then nobody wants to know each setting that is missing.
            raise ConfigurationError(
                f"{no_trial}; or, for a service of your own, set its POSTROOM_DATABASE_URL and other settings"
            ) from no_trial
        try:
            return load(os.environ)
        except ConfigurationError as error:
            raise ConfigurationError(f"{error}; and {no_trial}") from error
    return load({**os.environ, **environment})
