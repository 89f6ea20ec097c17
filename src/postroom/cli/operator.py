"""Who types a command, for the audit."""

import getpass
import os


def operator_name() -> str:
    """Of LOGNAME or USER, or else of the system. In a container a user need not have a name: then `uid 1000`."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # OSError from Python 3.13 on
        return f"uid {os.getuid()}"
