"""A request that sends mail, divided before each EmailSubmission/set that does.

The Emails that it sends may be made by the calls before it. So these are carried out first, together with the lookups
of `submissions`, and the rest follows with the ids that were created so far (`createdIds`, RFC 8620 §3.3). The client
gets one response, streamed as it arrives.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from postroom.errors import PostroomError
from postroom.gateway import result_references, submissions
from postroom.gateway.methods import CORE
from postroom.gateway.part_response import PartResponse, dumped, parsed, separator
from postroom.gateway.problems import limit, method_error, unusable
from postroom.gateway.request_body import Call, RequestBody
from postroom.gateway.response_splicer import Refusal, RefusedCall, placeholder
from postroom.gateway.upstream import UpstreamResponse
from postroom.http.json_object import JsonObject, as_object
from postroom.http.problems import problem_of

# Bytes of the response to one EmailSubmission/set, and of those that later calls refer to.
_MOST_READ = 1_000_000
# In a part: the lookups, and a separator before them and after an EmailSubmission/set.
_OWN_CALLS = submissions.LOOKUPS + 2

Send = Callable[[bytes], AbstractAsyncContextManager[UpstreamResponse]]


@dataclass(frozen=True, slots=True)
class _Part:
    """Calls that are sent in one request. `first` is the index of the first one in the client's request."""

    first: int
    calls: Sequence[Call]


def _parts(calls: Sequence[Call], max_calls: int) -> list[_Part]:
    """Each EmailSubmission/set that sends is the first call of its part, and never in the first part, which may be
    empty. A part leaves room for our own calls."""
    room = max(1, max_calls - _OWN_CALLS)
    parts = [_Part(0, [])]
    for index, call in enumerate(calls):
        part = parts[-1]
        if submissions.sends(call) or len(part.calls) == room:
            parts.append(_Part(index, [call]))
        else:
            parts[-1] = _Part(part.first, [*part.calls, call])
    return parts


class DividedRequest:
    """`refused` are the refusals by the index of their calls; more are added while the request is carried out. `login`
    is the person's address, `max_calls` the mail server's limit, `has_blobs` whether it has `Blob/get`.
    Raises `Problem` if there are too many calls."""

    def __init__(
        self, body: RequestBody, refused: dict[int, Refusal], *, login: str, max_calls: int, has_blobs: bool
    ) -> None:
        if len(body.calls) > max_calls:
            raise limit("maxCallsInRequest", f"the request has more than {max_calls} method calls")
        self._body = body
        self._login = login
        self._has_blobs = has_blobs
        self._refused = refused
        self._parts = _parts(body.calls, max_calls)
        self._created_ids = dict(body.created_ids or {})
        self._members: JsonObject = {}
        self._asked = 0
        """the number of lookups in the part that is carried out"""
        self._lookup: list[Any] = []
        """the responses to the lookups for the next EmailSubmission/set"""
        self._begun = False
        self._kept: list[bytes] | None = []
        """the responses so far, if later calls refer to them; None once they are too large"""
        self._keeps = any(
            result_references.refer_back(body.calls[: part.first], part.calls) for part in self._parts if part.first
        )

    async def response(self, send: Send) -> AsyncGenerator[bytes]:
        """In pieces. Raises `PostroomError` if there is none, or if nobody knows what was carried out."""
        for number, part in enumerate(self._parts):
            calls, refused = await asyncio.to_thread(self._sendable, part)
            body = await asyncio.to_thread(self._request(number, calls, separated=bool(refused)).dump)
            try:
                async with send(body) as sent:
                    found = PartResponse(aiter(sent))
                    if refused:
                        set_responses = await found.responses(_MOST_READ)
                        yield self._joined(dumped(submissions.with_refused(set_responses, refused)), starts=True)
                    starts = True
                    async for piece in found.up_to_separator():
                        yield self._joined(piece, starts=starts)
                        starts = False
                    self._finish(number, *await found.rest(submissions.MOST_READ))
            except PostroomError as error:
                # If no call was carried out before, the client can hear the problem as it is.
                not_carried_out = method_error(problem_of(error)) if self._begun else None
                if not_carried_out is None:
                    raise
                yield self._joined(self._errors(part.first, not_carried_out), starts=True)
                break
        yield self._closing()

    def _following(self, number: int) -> Call | None:
        """The EmailSubmission/set that sends and is next after this part."""
        following = self._parts[number + 1].calls[0] if number + 1 < len(self._parts) else None
        return following if following and submissions.sends(following) else None

    def _sendable(self, part: _Part) -> tuple[list[Call], dict[str, JsonObject]]:
        """The calls of a part as they may be sent now, and the refused submissions of the first one."""
        earlier = self._body.calls[: part.first]
        responses = parsed(self._kept) if self._kept is not None else None
        calls: list[Call] = []
        refused: dict[str, JsonObject] = {}
        for index, call in enumerate(part.calls, part.first):
            method, arguments, call_id = call
            try:
                arguments = result_references.resolved(arguments, earlier, responses)
                if submissions.sends(call):
                    arguments, refused = submissions.checked(arguments, self._lookup, self._created_ids, self._login)
                calls.append((method, arguments, call_id))
            except RefusedCall as error:
                self._refused[index] = error.refusal
                calls.append((*placeholder(index), call_id))
        return calls, refused

    def _request(self, number: int, calls: list[Call], *, separated: bool) -> RequestBody:
        following = self._following(number)
        sent = [*calls[:1], separator(), *calls[1:]] if separated else calls
        lookups = submissions.lookups(following[1], has_blobs=self._has_blobs) if following else []
        self._asked = len(lookups)
        needed = [CORE, *submissions.capabilities(has_blobs=self._has_blobs)] if following else [CORE]
        using = list(dict.fromkeys([*self._body.using, *needed]))
        return RequestBody(using, [*sent, separator(), *lookups], self._created_ids)

    def _finish(self, number: int, lookups: list[Any], members: JsonObject) -> None:
        self._members = members
        self._created_ids |= {key: str(each) for key, each in as_object(members.get("createdIds")).items()}
        self._lookup = lookups
        if len(lookups) != self._asked:
            raise unusable()

    def _joined(self, piece: bytes, *, starts: bool) -> bytes:
        """A piece of the response. `starts`: it begins with a method response."""
        opening = b"" if self._begun else b'{"methodResponses":['
        text = b"," + piece if starts and self._begun else piece
        self._begun = True
        if self._keeps and self._kept is not None:
            self._kept.append(text)
            if sum(map(len, self._kept)) > _MOST_READ:
                self._kept = None
        return opening + text

    def _errors(self, first: int, error: JsonObject) -> bytes:
        """For the calls from this one on; what was refused before stays refused."""
        calls = enumerate(self._body.calls[first:], first)
        return dumped(
            [
                [*placeholder(index), call_id] if index in self._refused else ["error", error, call_id]
                for index, (_, _, call_id) in calls
            ]
        )

    def _closing(self) -> bytes:
        members = {name: value for name, value in self._members.items() if name != "createdIds"}
        if self._body.created_ids is not None:
            members["createdIds"] = self._created_ids
        opening = b"]" if self._begun else b'{"methodResponses":[]'
        return opening + b"," + json.dumps(members).encode()[1:] if members else opening + b"}"
