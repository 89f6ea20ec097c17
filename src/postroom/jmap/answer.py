"""What came back: an HTTP reply, and the method responses in it (RFC 8620 §3.4), matched by the ids of their calls."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from postroom.jmap.errors import HttpError, SetError, SetErrors, Unreadable, http_error, method_error
from postroom.jmap.request import Call

Arguments = dict[str, Any]

LONGEST_RETRY_AFTER = 3600.0
"""Seconds: nobody sends us away for centuries."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP reply, read to its end. `headers` with lower-case names."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    def object(self) -> dict[str, Any]:
        """The JSON object it carries, {} if it carries something else."""
        try:
            found = json.loads(self.content)
        except (ValueError, RecursionError):
            return {}
        return cast("dict[str, Any]", found) if isinstance(found, dict) else {}

    def error(self) -> HttpError:
        """What it means that it is no success."""
        return http_error(self.status, self.object(), seconds(self.headers.get("retry-after")))

    def success(self) -> dict[str, Any]:
        """The JSON object of a success. Raises `HttpError`s, and `Unreadable` where there is none."""
        if self.status not in (200, 201):
            raise self.error()
        found = self.object()
        if not found:
            raise Unreadable("mail server's answer is no JSON object")
        return found


class Answer:
    """The responses of one request, taken one by one: what an earlier call did stays done when a later one fails."""

    def __init__(self, responses: Mapping[str, list[tuple[str, Arguments]]], session_state: str = "") -> None:
        self.responses = responses
        self.session_state = session_state

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> "Answer":
        """Raises `Unreadable`."""
        responses: dict[str, list[tuple[str, Arguments]]] = {}
        found = content.get("methodResponses")
        if not isinstance(found, list):
            raise Unreadable("mail server's answer cannot be read (methodResponses)")
        for each in cast("list[object]", found):
            match each:
                case [str(name), dict(), str(call_id)]:
                    arguments = cast("list[Arguments]", each)[1]
                    responses.setdefault(call_id, []).append((name, arguments))
                case _:
                    raise Unreadable("mail server's answer cannot be read (methodResponses: no invocation)")
        state = content.get("sessionState")
        return cls(responses, state if isinstance(state, str) else "")

    def of(self, call: Call | str) -> Arguments:
        """The arguments of the response to `call`. Raises `MethodError`s, and `Unreadable` if there is none."""
        name, arguments = self.all(call)[0]
        if name == "error":
            raise method_error(arguments)
        return arguments

    def all(self, call: Call | str) -> list[tuple[str, Arguments]]:
        """Names and arguments of every response to `call`, implicit ones with it (RFC 8620 §5.4, RFC 8621 §7.5)."""
        try:
            return self.responses[call if isinstance(call, str) else call.id]
        except KeyError:
            raise Unreadable("mail server answered fewer methods than it was asked") from None

    def done(self, call: Call | str) -> Arguments:
        """As `of`, of a call all of whose objects succeeded. Raises `SetErrors`, too."""
        arguments = self.of(call)
        errors: dict[str, SetError] = {}
        for place in ("notCreated", "notUpdated", "notDestroyed"):
            for key, error in _objects(arguments.get(place), place).items():
                errors[key] = SetError(_objects(error, place))
        if errors:
            raise SetErrors(errors, arguments)
        return arguments


def _objects(found: object, where: str) -> dict[str, Any]:
    """A map that may be null (RFC 8620 §5.3)."""
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise Unreadable(f"mail server's answer cannot be read ({where})")
    return cast("dict[str, Any]", found)


def seconds(value: str | None) -> float | None:
    """`Retry-After` in seconds, an hour at most; None if absent or a date, which mail servers do not send."""
    try:
        found = math.nan if value is None else float(value)
    except ValueError:
        return None
    return min(found, LONGEST_RETRY_AFTER) if 0 <= found < math.inf else None
