"""One request within a server's limits: long /get calls in chunks, many calls in several HTTP requests.

Only what means the same in parts is parted. Calls that refer to one another stay together, and a /set is never cut:
its `ifInState` would hold for the first piece only.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, cast

from postroom.jmap.answer import Answer, Arguments
from postroom.jmap.errors import TooLarge
from postroom.jmap.request import Call, Ref
from postroom.jmap.session import Limits


@dataclass(frozen=True, slots=True)
class Parts:
    """`requests`: the calls of each HTTP request, to be sent one after the other. `chunks`: the id of a call → the
    ids of those it became."""

    requests: Sequence[Sequence[Call]]
    chunks: Mapping[str, Sequence[str]]


def parts_of(calls: Sequence[Call], limits: Limits) -> Parts:
    """Raises `TooLarge` for what cannot be parted."""
    all_calls: list[Call] = []
    chunks: dict[str, Sequence[str]] = {}
    for call in calls:
        _check_set(call, limits)
        pieces = _pieces(call, limits)
        all_calls += pieces
        if len(pieces) > 1:
            chunks[call.id] = [piece.id for piece in pieces]
    if chunks and any(ref.result_of in chunks for call in calls for ref in _refs(call)):
        raise TooLarge("maxObjectsInGet", "a call refers to the result of a /get with more ids than one may have")
    if len(all_calls) <= limits.max_calls_in_request:
        return Parts([all_calls] if all_calls else [], chunks)
    return Parts(list(_packed(_groups(all_calls), limits.max_calls_in_request)), chunks)


def joined(answer: Answer, chunks: Mapping[str, Sequence[str]]) -> Answer:
    """The answer with the chunks of each /get as one response."""
    if not chunks:
        return answer
    responses = dict(answer.responses)
    for call_id, pieces in chunks.items():
        responses[call_id] = [_joined([answer.all(piece)[0] for piece in pieces])]
    return Answer(responses, answer.session_state)


def _joined(pieces: Sequence[tuple[str, Arguments]]) -> tuple[str, Arguments]:
    for name, arguments in pieces:
        if name == "error":
            return name, arguments
    name, first = pieces[0]
    # The first state: what changed between the chunks is then told twice by /changes, and not left out.
    lists = {key: [item for _, piece in pieces for item in _items(piece.get(key))] for key in ("list", "notFound")}
    return name, first | lists


def _check_set(call: Call, limits: Limits) -> None:
    if not call.name.endswith("/set"):
        return
    if (
        sum(len(_items(call.arguments.get(name))) for name in ("create", "update", "destroy"))
        > limits.max_objects_in_set
    ):
        raise TooLarge("maxObjectsInSet", f"{call.name} of more objects than the mail server takes at once")


def _pieces(call: Call, limits: Limits) -> list[Call]:
    ids, most = _items(call.arguments.get("ids")), limits.max_objects_in_get
    if not call.name.endswith("/get") or len(ids) <= most:
        return [call]
    ids = list(dict.fromkeys(ids))  # one asked for twice is answered once (RFC 8620 §5.1): not in two chunks
    cuts = [ids[start : start + most] for start in range(0, len(ids), most)]
    pieces = [replace(call, arguments={**call.arguments, "ids": cut}) for cut in cuts]
    return pieces if len(pieces) == 1 else [replace(each, id=f"{call.id}.{n}") for n, each in enumerate(pieces)]


def _groups(calls: Sequence[Call]) -> Iterator[Sequence[Call]]:
    """The calls, cut wherever no later one needs an earlier one's result or an object that it makes."""
    places = {call.id: place for place, call in enumerate(calls)}
    made: dict[str, int] = {}
    needed: list[int] = []
    for place, call in enumerate(calls):
        results = [places[ref.result_of] for ref in _refs(call) if ref.result_of in places]
        objects = [made[name] for name in _creation_ids(call.arguments) if name in made]
        needed.append(min([place, *results, *objects]))
        made |= {f"#{name}": place for name in _items(call.arguments.get("create"))}
    starts, reach = [len(calls)], len(calls)
    for place in reversed(range(len(calls))):
        reach = min(reach, needed[place])
        if reach == place:
            starts.append(place)
    starts.reverse()
    return (calls[start:end] for start, end in pairwise(starts))


def _packed(groups: Iterator[Sequence[Call]], most: int) -> Iterator[Sequence[Call]]:
    request: list[Call] = []
    for group in groups:
        if len(group) > most:
            raise TooLarge("maxCallsInRequest", "more calls that refer to one another than fit in a request")
        if len(request) + len(group) > most:
            yield request
            request = []
        request += group
    yield request


def _refs(call: Call) -> Iterator[Ref]:
    return (value for value in call.arguments.values() if isinstance(value, Ref))


def _creation_ids(value: object) -> Iterator[str]:
    """Every string that may stand for an object made earlier in the request (RFC 8620 §5.3): a value or a key."""
    if isinstance(value, str) and value.startswith("#"):
        yield value
    for item in _items(value):
        yield from _creation_ids(item)
    if isinstance(value, Mapping):
        for item in cast("Mapping[str, object]", value).values():
            yield from _creation_ids(item)


def _items(value: object) -> Sequence[Any]:
    """The items of an array, the keys of a map, nothing of anything else."""
    return list(cast("list[Any]", value)) if isinstance(value, list | tuple | Mapping) else ()
