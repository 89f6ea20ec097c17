"""Runs the service's statements without writing the audit log, to measure what the log costs.

The service has no such option. This module is not part of it, and patches the statements that it loads.
"""

import re
from functools import cache
from typing import LiteralString, cast

from postroom.postgres import connection

STATEMENTS = ("accept", "claim", "settle")
_LOGGED = re.compile(r", logged AS \(\n.*?\n\)(?=\n)", re.DOTALL)


@cache
def strip(name: str) -> LiteralString:
    """Return the statement `name`; the statements of the hot path lose their insert into the log."""
    text = _with_audit(name)
    if name not in STATEMENTS:
        return text
    stripped, times = _LOGGED.subn("", text)
    if times != 1 or "email_provisioning_log" in stripped:
        raise RuntimeError(f"{name}.sql has changed: this benchmark could not remove its insert into the audit log")
    return cast(LiteralString, stripped)


_with_audit = connection.sql


def apply() -> None:
    """Patch this process."""
    connection.sql = strip
