"""The service's statements without the audit's rows, to learn what the audit costs.

Nothing of the service can do this: the statements are files of its package, and this module is no part of it.
"""

import re
from functools import cache
from typing import LiteralString, cast

from postroom.postgres import connection

STATEMENTS = ("accept", "claim", "settle")
_LOGGED = re.compile(r", logged AS \(\n.*?\n\)(?=\n)", re.DOTALL)


@cache
def strip(name: str) -> LiteralString:
    """The statement `name`, without its insert into the log if it is one of the hot path."""
    text = _with_audit(name)
    if name not in STATEMENTS:
        return text
    stripped, times = _LOGGED.subn("", text)
    if times != 1 or "email_provisioning_log" in stripped:
        raise RuntimeError(f"{name}.sql is not what this benchmark knows: its audit could not be taken out")
    return cast(LiteralString, stripped)


_with_audit = connection.sql


def apply() -> None:
    """For this process."""
    connection.sql = strip
