"""The cursor of a list, which an operator may copy incorrectly."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from postroom.errors import Refused
from postroom.postgres.request_list import Cursor


@pytest.mark.parametrize(
    "cursor",
    [
        Cursor("live", datetime(2026, 11, 26, 17, 32, 18, 123456, tzinfo=UTC), UUID(int=7)),
        Cursor("dead", datetime(2026, 11, 26, tzinfo=UTC), UUID(int=7)),
        Cursor("provisioned", None, UUID(int=7)),
    ],
)
def test_a_cursor_is_parsed_as_it_was_written(cursor: Cursor) -> None:
    assert Cursor.parse(str(cursor)) == cursor


@pytest.mark.parametrize(
    "text",
    [
        "",
        "dead",
        "dead,,",
        "dead,yesterday,00000000-0000-0000-0000-000000000007",
        "dead,0001-01-01T00:00:00+23:00,00000000-0000-0000-0000-000000000007",
        "dead,,00000000-0000-0000-0000-000000000007",
        "provisioned,2026-11-26T00:00:00+00:00,00000000-0000-0000-0000-000000000007",
        "gone,,00000000-0000-0000-0000-000000000007",
        "provisioned,,7",
    ],
)
def test_an_invalid_cursor_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="not a cursor of a list"):
        Cursor.parse(text)
