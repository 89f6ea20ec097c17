"""What changed since a state, page by page."""

from typing import Any

import httpx2
import pytest

from postroom.jmap.changes import Changes, changes
from postroom.jmap.errors import CannotCalculateChanges, Unreadable
from scripted_jmap import ScriptedJmap, answered


def changed(created: list[str], state: str, more: bool) -> Any:
    return answered(created=created, updated=[], destroyed=[], newState=state, hasMoreChanges=more)


async def test_changes_are_asked_for_until_there_are_no_more() -> None:
    server = ScriptedJmap()
    server.will(changed(["1", "2"], "s1", True), changed(["3"], "s2", False))
    found = [each async for each in changes(server.client(), "Email", "a", "s0", deadline=5, max_changes=2)]
    assert found == [Changes(["1", "2"], [], [], "s1"), Changes(["3"], [], [], "s2")]
    assert [server.calls(place)[0][1] for place in (1, 2)] == [
        {"accountId": "a", "sinceState": "s0", "maxChanges": 2},
        {"accountId": "a", "sinceState": "s1", "maxChanges": 2},
    ]


async def test_changes_that_cannot_be_calculated_are_told_apart() -> None:
    server = ScriptedJmap()

    def play(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json={"methodResponses": [["error", {"type": "cannotCalculateChanges"}, "0"]]})

    server.will(play)
    with pytest.raises(CannotCalculateChanges):
        await anext(changes(server.client(), "Email", "a", "s0", deadline=5))


@pytest.mark.parametrize(
    "play",
    [
        changed([], "s0", True),
        answered(created=[], updated=[], destroyed=[]),
        answered(created=[5], updated=[], destroyed=[], newState="s1"),
        answered(created=None, updated=[], destroyed=[], newState="s1"),
    ],
    ids=["no progress", "no state", "no ids", "null"],
)
async def test_changes_of_nonsense_end(play: Any) -> None:
    server = ScriptedJmap()
    server.will(play)
    with pytest.raises(Unreadable):
        [each async for each in changes(server.client(), "Email", "a", "s0", deadline=5)]
