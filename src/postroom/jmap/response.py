"""An HTTP response and the method responses in it (RFC 8620 §3.4), matched by the ids of their calls."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from postroom.http.json_object import json_object
from postroom.jmap.errors import HttpError, Unreadable, http_error, method_error

Arguments = dict[str, Any]

LONGEST_RETRY_AFTER = 3600.0
"""Seconds: a server cannot make us wait for centuries."""


@dataclass(frozen=True, slots=True)
class JmapResponse:
    """A complete HTTP response. The names in `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    def object(self) -> dict[str, Any]:
        """The JSON object in the body, {} if the body is something else."""
        return json_object(self.content)

    def error(self) -> HttpError:
        """The error, if it is not a success."""
        return http_error(self.status, self.object(), seconds(self.headers.get("retry-after")))

    def success(self) -> dict[str, Any]:
        """The JSON object of a success. Raises `HttpError`s, and `Unreadable` if there is none."""
        if self.status not in (200, 201):
            raise self.error()
        found = self.object()
        if not found:
            raise Unreadable("mail server's response is not a JSON object")
        return found


@dataclass(frozen=True, slots=True)
class MethodResponses:
    """The responses of one request, read one by one: the effect of an earlier call remains when a later one fails."""

    responses: Mapping[str, tuple[str, Arguments]]
    session_state: str = ""

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> "MethodResponses":
        """Raises `Unreadable`."""
        responses: dict[str, tuple[str, Arguments]] = {}
        found = content.get("methodResponses")
        if not isinstance(found, list):
            raise Unreadable("mail server's response cannot be read (methodResponses)")
        for each in cast("list[object]", found):
            match each:
                case [str(name), dict(), str(call_id)]:
                    responses[call_id] = name, cast("list[Arguments]", each)[1]
                case _:
                    raise Unreadable("mail server's response cannot be read (methodResponses: no invocation)")
        state = content.get("sessionState")
        return cls(responses, state if isinstance(state, str) else "")

    @property
    def account_ids(self) -> set[str]:
        """The accounts that the responses are about, as far as they say it."""
        stated = (arguments.get("accountId") for _, arguments in self.responses.values())
        return {account_id for account_id in stated if isinstance(account_id, str)}

    def of(self, index: int) -> Arguments:
        """The arguments of the response to the call at `index`. Raises `MethodError`s, and `Unreadable` if there is
        none."""
        try:
            name, arguments = self.responses[str(index)]
        except KeyError:
            raise Unreadable("mail server answered fewer methods than were called") from None
        if name == "error":
            raise method_error(arguments)
        return arguments


def seconds(value: str | None) -> float | None:
    """`Retry-After` in seconds, an hour at most; None if absent, or a date, which mail servers do not send."""
    try:
        found = math.nan if value is None else float(value)
    except ValueError:
        return None
    return min(found, LONGEST_RETRY_AFTER) if 0 <= found < math.inf else None
