"""A JMAP request (RFC 8620 §3.3): method calls with ids, and references from one to the results of another.

request = Request()
query = request.add("Email/query", {"accountId": account, "limit": 50})
request.add("Email/get", {"accountId": account, "ids": query.ref("/ids"), "properties": ["subject"]})
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from postroom.jmap.capability import CORE, MAIL, capability_of, only_reads


@dataclass(frozen=True, slots=True)
class Ref:
    """The value of an argument that an earlier call will answer (RFC 8620 §3.7). `path`: a JSON pointer, where `*`
    stands for every item of an array."""

    result_of: str
    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Call:
    """`arguments` as in the RFC, but for `Ref`s: `{"ids": Ref(…)}` is sent as `{"#ids": {…}}`."""

    id: str
    name: str
    arguments: Mapping[str, Any]

    def ref(self, path: str) -> Ref:
        return Ref(self.id, self.name, path)

    def wire(self) -> list[Any]:
        """The Invocation of RFC 8620 §3.2."""
        arguments = {
            f"#{name}" if isinstance(value, Ref) else name: _reference(value) if isinstance(value, Ref) else value
            for name, value in self.arguments.items()
        }
        return [self.name, arguments, self.id]


class Request:
    """Calls in the order in which the server runs them. `using`: capabilities beyond those of the methods."""

    def __init__(self, *, using: Sequence[str] = ()) -> None:
        self.calls: list[Call] = []
        self.using = tuple(using)

    def add(self, name: str, arguments: Mapping[str, Any]) -> Call:
        call = Call(str(len(self.calls)), name, arguments)
        self.calls.append(call)
        return call


def only_read(calls: Sequence[Call]) -> bool:
    """Whether asking twice changes nothing."""
    return all(only_reads(call.name) for call in calls)


def using_of(calls: Sequence[Call], more: Sequence[str] = ()) -> list[str]:
    """The capabilities of these calls: exactly those. A missing one makes its methods unknown, and one that the
    server does not have fails the whole request."""
    found = dict.fromkeys([CORE])
    for call in calls:
        found[capability_of(call.name)] = None
        # RFC 8621 §7.5: the implicit Email/set that follows a submission.
        if any(name.startswith("onSuccess") for name in call.arguments) and call.name == "EmailSubmission/set":
            found[MAIL] = None
    return list(found | dict.fromkeys(more))


def body_of(calls: Sequence[Call], more: Sequence[str] = ()) -> bytes:
    """The request as it is sent. Raises `ValueError` for a method of an unknown data type."""
    request = {"using": using_of(calls, more), "methodCalls": [call.wire() for call in calls]}
    return json.dumps(request, separators=(",", ":")).encode()


def _reference(ref: Ref) -> dict[str, str]:
    return {"resultOf": ref.result_of, "name": ref.name, "path": ref.path}
