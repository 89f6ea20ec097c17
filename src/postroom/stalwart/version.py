"""Which versions of Stalwart Postroom works with. No server tells us its version, so an operator states it."""

import re

from postroom.errors import ConfigurationError

Version = tuple[int, int, int]

OLDEST: Version = (0, 16, 15)
NEEDED = "Stalwart 0.16.15 or newer, or 1.x"

HOW_TO_UPDATE = (
    "back Stalwart up and update it, by its own notes for upgrades (from 0.15 by those for 0.16); "
    "then run this command again"
)

_UNTIL: tuple[tuple[Version, str], ...] = (
    ((0, 16, 0), "it has no disabled aliases, so it could not refuse a second mailbox for an identity"),
    ((0, 16, 8), "until 0.16.8 disabled aliases receive mail, and each mailbox of Postroom has one as its mark"),
    (OLDEST, "until 0.16.15 an app password or API key with few permissions can regain all those of its account"),
)
"""Why versions before that one do not do."""


def version_of(text: str) -> Version:
    """Raises `ConfigurationError` for anything but three numbers. Two would not tell 0.16.3 from 0.16.19."""
    found = re.fullmatch(r"v?([0-9]{1,4})\.([0-9]{1,4})\.([0-9]{1,4})", text, re.ASCII)
    if found is None:
        raise ConfigurationError(
            f"--stalwart-version {text or 'is empty'}: a version of Stalwart is needed, such as 0.16.19; "
            "stalwart --version prints it, on Stalwart's host and by the whole path of the program"
        )
    major, minor, patch = map(int, found.groups())
    return major, minor, patch


def spelled(version: Version) -> str:
    return ".".join(map(str, version))


def shortcoming(version: Version) -> str | None:
    """Why Postroom does not work with this version; None if it does."""
    return next((why for end, why in _UNTIL if version < end), None)
