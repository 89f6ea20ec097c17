"""What a JMAP request may contain: known methods, for the person's own account, within the scopes of the token.

A refused call must not stop the others. Its error must have its position and its call id, and back-references must not
find it (RFC 8620 §3.6.2, §3.7). So the call is replaced by a `Core/echo` of a placeholder, and the echo in the response
is replaced by the error (`response_splicer`). The order, call ids (they may repeat), implicit calls, the limit of calls
and `invalidResultReference` are then left to the mail server.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from postroom.domain.person import Scope
from postroom.gateway import submissions
from postroom.gateway.methods import CAPABILITIES, CORE, ECHO, METHODS, POSTROOM, needed_scopes
from postroom.gateway.problems import jmap_problem
from postroom.gateway.push_subscriptions import of_push_subscriptions
from postroom.gateway.request_body import RequestBody, parse
from postroom.gateway.response_splicer import Refusal, placeholder
from postroom.http.json_object import JsonObject, as_object

# Also as a reference (`#accountId`) and as a path of a patch (`x/accountId`), but not `header:X-AccountId`. A creation
# id may have this name, too, but its value is never a string.
_ACCOUNT_ID = re.compile(r"[a-z/#]*accountids?", re.IGNORECASE)
# Also as the first part of a patch's path.
_SHARED = re.compile(r"/*sharewith(?:/|\Z)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Checked:
    """`body` may be sent to the mail server; `refused` are the responses to refused calls, by the index of the call."""

    body: bytes
    refused: dict[int, Refusal]
    sending: RequestBody | None
    """the same request if it sends mail, for which it has to be divided"""


def check(raw: bytes, account_id: str, scopes: Collection[Scope], max_calls: int) -> Checked:
    """The part of a request that may be sent. Raises `Problem` if the request as a whole is refused."""
    body = parse(raw, max_calls=max_calls)
    body.using[:] = [name for name in body.using if name != POSTROOM]
    for name in body.using:
        if name not in CAPABILITIES:
            raise jmap_problem("unknownCapability", f"the capability {name[:100]!r} is not offered here")
    refused: dict[int, Refusal] = {}
    for index, (method, arguments, call_id) in enumerate(body.calls):
        if found := refusal(method, arguments, account_id, scopes):
            refused[index] = found
            body.calls[index] = (*placeholder(index), call_id)
    if refused and CORE not in body.using:
        body.using.append(CORE)
    return Checked(body.dump(), refused, body if any(map(submissions.sends, body.calls)) else None)


def refusal(method: str, arguments: Mapping[str, Any], account_id: str, scopes: Collection[Scope]) -> Refusal | None:
    """The response to a call that must not be sent; None if it may be sent."""
    if method not in METHODS:
        if method.startswith("PushSubscription/"):
            return of_push_subscriptions(method, arguments)
        return _error("unknownMethod", "this method is not offered here")
    if lacking := needed_scopes(method, arguments) - frozenset(scopes):
        return _error("forbidden", f"the access token lacks the scope {', '.join(sorted(lacking))}")
    if method == ECHO:
        return None  # its arguments mean nothing to the server
    return _foreign_account(arguments, account_id) or (_sharing(arguments) if method.endswith("/set") else None)


def _error(kind: str, description: str) -> Refusal:
    """RFC 8620 §3.6.2."""
    return "error", {"type": kind, "description": description}


def _foreign_account(arguments: Mapping[str, Any], account_id: str) -> Refusal | None:
    if "accountId" not in arguments and "#accountId" not in arguments:
        # A server would use the account of the login, which was not checked here.
        return _error("invalidArguments", "accountId is missing")
    for name in ("accountId", "fromAccountId"):
        if name in arguments and not isinstance(arguments[name], str):
            return _error("invalidArguments", f"{name} is not a string")
    for name, value in _account_ids(arguments):
        if name.startswith("#") and name in arguments:  # only at the top it is a reference (RFC 8620 §3.7)
            return _error("forbidden", f"{name[1:]} must be given, not referenced")
        if any(each != account_id for each in _strings(value)):
            # RFC 8620 §5.4
            kind = "fromAccountNotFound" if name == "fromAccountId" else "accountNotFound"
            return _error(kind, "this login has no access to such an account")
    return None


def _account_ids(arguments: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """Everything named like an account id, at any depth: the RFCs have them at the top, a server may have more."""
    waiting: list[object] = [arguments]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            for name, inner in cast(JsonObject, value).items():
                if _ACCOUNT_ID.fullmatch(name):
                    yield name, inner
                waiting.append(inner)
        elif isinstance(value, list):
            waiting.extend(cast(list[object], value))


def _sharing(arguments: Mapping[str, Any]) -> Refusal | None:
    """Refuses sharing, which would outlive the token or session that shared: it is left to the mail server's own
    interface. Every /set is checked, since a list of the types that servers can share (RFC 9670) would go stale."""
    for name in ("create", "update"):
        # `##create`, too: `result_references` would make `#create` of it, with a reference of the client's.
        if any(each.lstrip("#") == name != each for each in arguments):
            return _error("forbidden", f"{name} must be given, not referenced")
        if any(_SHARED.match(key) for each in as_object(arguments.get(name)).values() for key in as_object(each)):
            return _error("forbidden", "sharing is not offered here")
    return None


def _strings(value: object) -> list[object]:
    # A keyword or a creation id may have such a name, too, but never a string as its value.
    if isinstance(value, str):
        return [value]
    return [each for each in cast(list[object], value) if isinstance(each, str)] if isinstance(value, list) else []
