"""Where a command finds its settings: the environment, else the trial that runs in the working directory."""

import os

from postroom.errors import ConfigurationError
from postroom.settings import Settings, load
from postroom_sandbox.data_folder import DEFAULT_DATA_FOLDER, DataFolder


def settings_or_trial() -> Settings:
    """Raises `ConfigurationError` when neither tells enough."""
    if "POSTROOM_DATABASE_URL" in os.environ or "POSTROOM_DATABASE_URL_FILE" in os.environ:
        return load(os.environ)
    try:
        trial = DataFolder(DEFAULT_DATA_FOLDER).read_trial()
    except ConfigurationError as no_trial:
        try:
            return load(os.environ)
        except ConfigurationError as error:
            raise ConfigurationError(f"{error}; and {no_trial}") from error
    return load({**os.environ, **trial["environment"]})
