"""Identities that were refused a mailbox, for `postroom status`: they have no request, and no other list names them."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from postroom.cli.terminal import ago, print_rows
from postroom.domain.identity import Refusal


def refused_as_dict(total: int, refusals: Sequence[Refusal]) -> Mapping[str, Any]:
    return {"total": total, "last": [{name: getattr(each, name) for name in each.__slots__} for each in refusals]}


def print_refused(console: Console, total: int, refusals: Sequence[Refusal]) -> None:
    print_rows(
        console,
        f"Refused within 30 days, without a mailbox: {total}",
        ("when", "address as it was sent", "code", "reason", "identity"),
        [(ago(each.refused_at), each.email or "", each.code, each.reason, str(each.identity_id)) for each in refusals],
    )
