"""The password of an administrator of Stalwart's."""

import getpass
import sys

from postroom.errors import ConfigurationError


def password_of(login: str) -> str:
    """Typed, or from standard input. Never an argument or a variable: those stay in the shell's history. Raises
    `ConfigurationError`."""
    try:
        found = getpass.getpass(f"Password of {login} at Stalwart: ") if sys.stdin.isatty() else sys.stdin.readline()
    except EOFError:
        found = ""
    found = found.rstrip("\r\n")
    if not found:
        raise ConfigurationError(f"no password of {login}: type it, or send it to standard input")
    return found
