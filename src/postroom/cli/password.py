"""The password of an administrator of Stalwart."""

import getpass
import sys

from postroom.errors import ConfigurationError


def password_of(login: str) -> str:
    """Read the password from the terminal or from standard input. It is never an argument, which would stay in the
    shell's history. Raises `ConfigurationError`."""
    try:
        found = getpass.getpass(f"Password of {login} at Stalwart: ") if sys.stdin.isatty() else sys.stdin.readline()
    except EOFError:
        found = ""
    found = found.rstrip("\r\n")
    if not found:
        raise ConfigurationError(f"no password of {login}: type it, or send it to standard input")
    return found
