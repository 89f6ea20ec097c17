"""Where a command finds its settings: the environment, else the trial that runs in the working directory."""

import os
from collections.abc import Mapping

from postroom.errors import ConfigurationError
from postroom.sandbox.data_folder import DEFAULT_DATA_FOLDER, DataFolder
from postroom.settings import Settings, load


def settings_or_trial() -> Settings:
    """Raises `ConfigurationError` when neither tells enough."""
    return load(environment_or_trial())


def environment_or_trial() -> Mapping[str, str]:
    if "POSTROOM_DATABASE_URL" in os.environ or "POSTROOM_DATABASE_URL_FILE" in os.environ:
        return os.environ
    try:
        trial = DataFolder(DEFAULT_DATA_FOLDER).read_trial()
    except ConfigurationError:
        return os.environ  # its own sentence about what is not set is the better one
    return {**os.environ, **trial["environment"]}
