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
from postroom.postgres.request_list import PAGE, Cursor, ListedRequest, Page, RequestList, Selection

COLUMNS = ("identity", "email", "state", fixed("changed"), fixed("due"), "reason")
WIDE = (*COLUMNS, "retries", "attempts", "crashes", "waits for", "name", fixed("stored"))
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
    """The first `limit` rows; 0 for all."""
    left, last = limit, None
    async for page in pages:
        rows = page.requests[:left] if limit else page.requests
        left, last = left - len(rows), rows[-1].cursor if rows else last
        if len(rows) < len(page.requests):
            yield rows, last
            return
        yield rows, None


async def _print_tables(pages: AsyncIterator[Rows], *, wide: bool) -> None:
    """Print one table; on a terminal, one for each `PAGE` rows, since the widths of the columns depend on the rows."""
    console, cells, is_continued = out(), list[tuple[str, ...]](), False
    columns = WIDE if wide else COLUMNS
    following: Cursor | None = None
    async for rows, following in pages:  # noqa: B007 — the last one counts
        cells += [_row(each, wide=wide) for each in rows]
        if len(cells) >= PAGE:
            print_rows(console, "", columns, cells, is_continued=is_continued)
            cells, is_continued = [], True
    print_rows(console, "", columns, cells, is_continued=is_continued)
    if following:
        typer.echo(f"postroom: there are more: --after {following} lists the next, --limit 0 all of them", err=True)


async def _print_json(pages: AsyncIterator[Rows]) -> None:
    document = JsonRows("requests")
    following: Cursor | None = None
    async for rows, following in pages:  # noqa: B007 — the last one counts
        document.write(as_dict(each.request) | {"created_at": each.created_at} for each in rows)
    document.end({"next": following and str(following)})


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
    texts = (request.waits_for or "", request.display_name or "")
    return (*cells, *numbers, *texts, ago(each.created_at))
