"""A JSON document that is written row by row reads like any other."""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from postroom.cli.json_rows import JsonRows

ROW = {"id": UUID(int=7), "at": datetime(2026, 11, 26, tzinfo=UTC), "reason": 'a "quoted" \n reason', "none": None}
READ = {"id": str(UUID(int=7)), "at": "2026-11-26T00:00:00.000000Z", "reason": 'a "quoted" \n reason', "none": None}


@pytest.mark.parametrize("batches", [[], [0], [1], [2, 0, 3]])
@pytest.mark.parametrize("rest", [{}, {"next": None, "failed": [{"who": "alice"}]}])
def test_rows_and_what_follows_them_are_one_document(
    batches: list[int], rest: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    document = JsonRows("requests")
    for number in batches:
        document.write([ROW] * number)
    document.end(rest)
    written = capsys.readouterr().out
    assert json.loads(written) == {"requests": [READ] * sum(batches), **rest}
    assert sum("quoted" in line for line in written.splitlines()) == sum(batches), "a row is one line, for grep"
