"""A response with separators is read the same however it arrives."""

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from postroom.gateway.part_response import PartResponse, separator
from postroom.http.problems import Problem

QUERY, GET = ["Email/query", {"ids": ["a,", "[]"]}, "0"], ["Email/get", {"list": []}, "1"]
LOOKUP = ["Identity/get", {"list": [{"email": "ann@example.org"}]}, "2"]
SEPARATOR = list(separator())
MEMBERS = {"sessionState": "s", "createdIds": {"k": "x"}}


async def chunks(text: bytes, size: int) -> AsyncIterator[bytes]:
    for at in range(0, len(text), size):
        yield text[at : at + size]


async def read(text: bytes, size: int, segments: int) -> tuple[list[Any], list[Any], dict[str, Any]]:
    """The responses of each segment, those behind the last separator, and the other members."""
    found = PartResponse(chunks(text, size))
    before = [await found.responses(1000) for _ in range(segments)]
    return before, *await found.rest(1000)


@pytest.mark.parametrize("indent", [None, 4], ids=str)
@pytest.mark.parametrize("size", [1, 2, 7, 64, 300, 10_000])
@pytest.mark.parametrize(
    "segments", [[[]], [[QUERY]], [[QUERY, GET]], [[], [GET]], [[QUERY], []], [[QUERY, GET], [GET, QUERY]]], ids=str
)
@pytest.mark.parametrize("rest", [[], [LOOKUP, GET]], ids=str)
async def test_responses_are_the_same_wherever_chunks_end(
    indent: int | None, size: int, segments: Sequence[list[Any]], rest: list[Any]
) -> None:
    responses = [each for segment in segments for each in (*segment, SEPARATOR)] + rest
    text = json.dumps({"methodResponses": responses, **MEMBERS}, indent=indent).replace("Core/", "Core\\/").encode()
    assert await read(text, size, len(segments)) == (segments, rest, MEMBERS)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b" " * 1000,
        b'{"sessionState":"s"}',
        b'{"methodResponses":[]}',
        b'{"methodResponses":[["Core/echo",{"urn:postroom:separator":false},"urn:postroom:separator"]]}',
        b'{"methodResponses":[["Core/echo",{"urn:postroom:separator":true},"urn:postroom:separator"]',
        b'{"methodResponses":[["Core/echo",{"urn:postroom:separator":true},"urn:postroom:separator"]]}x',
        b'{"methodResponses":[x,["Core/echo",{"urn:postroom:separator":true},"urn:postroom:separator"]]}',
        b'{"methodResponses":["'
        + b"x" * 1000
        + b'",["Core/echo",{"urn:postroom:separator":true},"urn:postroom:separator"]]}',
        b'{"methodResponses":[["Core/echo",{"urn:postroom:separator":true},"urn:postroom:separator"],"'
        + b"x" * 1000
        + b'"]}',
    ],
)
async def test_any_other_response_cannot_be_used(text: bytes) -> None:
    with pytest.raises(Problem, match="cannot be used"):
        await read(text, 100, 1)
