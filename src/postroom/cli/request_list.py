"""`postroom list`: requests, page by page."""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import fields
from typing import Any

import typer

from postroom.cli.database import connected_to_database
from postroom.cli.environment import settings_or_trial
from postroom.cli.json_rows import JsonRows
from postroom.cli.options import Output
from postroom.cli.terminal import ago, fixed, out, print_rows
from postroom.domain.address import normalise_domain
from postroom.domain.request import ListedState, Request
from postroom.postgres.request_list import Cursor, ListedRequest, Page, RequestList, Selection

COLUMNS = ("identity", "email", "state", fixed("changed"), fixed("due"), "reason")
WIDE = (*COLUMNS, "retries", "attempts", "crashes", "waits for", "wanted address", "name", fixed("stored"))
Rows = tuple[Sequence[ListedRequest], Cursor | None]
"""Rows of a list; after the last ones that are wanted, with the cursor by which the list continues."""
_FIELDS = [each.name for each in fields(Request)]


async def list_requests(
    states: Collection[ListedState],
    reason_starts: str | None,
    domain: str | None,
    *,
    limit: int,
    after: str | None,
    output: Output,
) -> None:
    selection = Selection(states, reason_starts or "", normalise_domain(domain) if domain else None)
    cursor = Cursor.parse(after) if after else None
    async with connected_to_database(settings_or_trial()) as parts:
        pages = _limited(RequestList(parts.pool).pages(selection, cursor), limit)
        if output is Output.JSON:
            await _print_json(pages)
        else:
            await _print_tables(pages, wide=output is Output.WIDE)


async def _limited(pages: AsyncIterator[Page], limit: int) -> AsyncIterator[Rows]:
    """The first `limit` rows, all for 0."""
    left, last = limit, None
    async for page in pages:
        rows = page.requests[:left] if limit else page.requests
        left, last = left - len(rows), rows[-1].cursor if rows else last
        if len(rows) < len(page.requests):
            yield rows, last
            return
        yield rows, None


async def _print_tables(pages: AsyncIterator[Rows], *, wide: bool) -> None:
    console, shown = out(), 0
    async for rows, following in pages:
        cells = [_row(each, wide=wide) for each in rows]
        print_rows(console, "", WIDE if wide else COLUMNS, cells, is_continued=shown > 0)
        shown += len(rows)
        if following:
            typer.echo(f"postroom: there are more: --after {following} lists the next, --limit 0 all of them", err=True)


async def _print_json(pages: AsyncIterator[Rows]) -> None:
    document, end = JsonRows("requests"), None
    async for rows, following in pages:
        document.write(as_dict(each.request) | {"created_at": each.created_at} for each in rows)
        end = following
    document.end({"next": end and str(end)})


def as_dict(request: Request) -> dict[str, Any]:
    """Not `asdict`, which takes ten times as long."""
    return {name: getattr(request, name) for name in _FIELDS}


def _row(each: ListedRequest, *, wide: bool) -> tuple[str, ...]:
    request = each.request
    cells = (
        str(request.identity_id),
        request.email,
        each.state,
        ago(request.enqueued_at),
        ago(request.due_at) if request.due_at else "",
        request.reason or request.last_error or "",
    )
    if not wide:
        return cells
    numbers = (str(request.retries), str(request.attempts), str(request.crashes))
    texts = (request.waits_for or "", request.wanted_email or "", request.display_name or "")
    return (*cells, *numbers, *texts, ago(each.created_at))
