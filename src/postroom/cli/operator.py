"""Who types a command, for the audit."""

import getpass
import os


def operator_name() -> str:
    """The name in LOGNAME or USER, or else the system's. A user of a container may have none: then `uid 1000`."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # OSError from Python 3.13 on
        return f"uid {os.getuid()}"
