"""Mailboxes that are not at the mail server any more, for `postroom status`."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from postroom.cli.terminal import ago, print_rows

REMAKE = "postroom remake, unless the mail server is to be restored; if it is the wrong server, POSTROOM_STALWART_URL"
LOOKED_AT = "nothing: it is looked at again within two minutes"


def missing_as_dict(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [{**each, "do": _remedy(each)} for each in rows]


def print_missing(console: Console, total: float, rows: Sequence[Mapping[str, Any]]) -> None:
    print_rows(
        console,
        f"Not found at the mail server: {total:.0f} missing",
        ("mailbox", "first missed", "missing", "Stalwart account", "what to do"),
        [
            (
                each["email"],
                ago(each["suspected_at"]),
                ago(each["missing_at"]),
                each["stalwart_account_id"],
                _remedy(each),
            )
            for each in rows
        ],
    )


def _remedy(row: Mapping[str, Any]) -> str:
    return REMAKE if row["missing_at"] else LOOKED_AT
