"""Checks the version of Stalwart that the operator states."""

from postroom.checks.finding import Finding
from postroom.stalwart.version import HOW_TO_UPDATE, NEEDED, Version, shortcoming, spelled

PART = "Stalwart version"


def stalwart_version(version: Version | None) -> Finding:
    """`version`: None if it was not stated."""
    if version is None:
        details = f"not checked: Postroom needs {NEEDED}, and Stalwart does not tell which it is"
        return Finding(PART, "warning", details, "see stalwart --version, and add --stalwart-version VERSION")
    if why := shortcoming(version):
        return Finding(PART, "error", f"{spelled(version)} is too old: {why}; Postroom needs {NEEDED}", HOW_TO_UPDATE)
    return Finding(PART, "ok", f"{spelled(version)}, as stated: Postroom needs {NEEDED}")
