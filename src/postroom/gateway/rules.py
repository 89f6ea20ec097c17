"""What a JMAP request may contain: known methods, for the person's own account, within the scopes of the token.

A refused call must not keep the others from the server, and its error must stand in its place, with its call id, and
not be there for back-references (RFC 8620 §3.6.2, §3.7). So its place is held by a `Core/echo` of a mark, and the
echo in the answer is exchanged for it (`weaving`). Order, call ids (they may repeat), implicit calls, the limit
of calls and `invalidResultReference` are then the server's own.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from postroom.domain.person import Scope
from postroom.gateway.methods import CAPABILITIES, CORE, ECHO, METHODS, needed_scopes
from postroom.gateway.problems import jmap_problem
from postroom.gateway.push_subscriptions import of_push_subscriptions
from postroom.gateway.request_body import parse
from postroom.gateway.response_splicer import Refusal, placeholder
from postroom.json_object import JsonObject, as_object

# Also as a reference (`#accountId`) and as a path of a patch (`x/accountId`), but not `header:X-AccountId`. A creation
# may be called so, too, or be referred to so; what stands there is no string.
_ACCOUNT_ID = re.compile(r"[a-z/#]*accountids?", re.IGNORECASE)
# Also a part of it, by the path of a patch.
_SHARED = re.compile(r"/*sharewith(?:/|\Z)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Checked:
    """`body` may go to the mail server; `refused` are its refused calls, by place."""

    body: bytes
    refused: Mapping[int, Refusal]


def check(raw: bytes, account_id: str, scopes: Collection[Scope], max_calls: int) -> Checked:
    """What may be sent of a request's body. Raises `Problem` when that is nothing at all."""
    body = parse(raw, max_calls=max_calls)
    for name in body.using:
        if name not in CAPABILITIES:
            raise jmap_problem("unknownCapability", f"the capability {name[:100]!r} is not offered here")
    refused: dict[int, Refusal] = {}
    for place, (method, arguments, call_id) in enumerate(body.calls):
        if found := refusal(method, arguments, account_id, scopes):
            refused[place] = found
            body.calls[place] = (*placeholder(place), call_id)
    if refused and CORE not in body.using:
        body.using.append(CORE)
    return Checked(body.dump(), refused)


def refusal(method: str, arguments: Mapping[str, Any], account_id: str, scopes: Collection[Scope]) -> Refusal | None:
    """What a call is answered with that may not be sent; None if it may."""
    if method not in METHODS:
        if method.startswith("PushSubscription/"):
            return of_push_subscriptions(method, arguments)
        return _error("unknownMethod", "this method is not offered here")
    if lacking := needed_scopes(method, arguments) - frozenset(scopes):
        return _error("forbidden", f"the access token lacks the scope {', '.join(sorted(lacking))}")
    if method == ECHO:
        return None  # what is echoed means nothing to the server
    return _foreign_account(arguments, account_id) or (_sharing(arguments) if method.endswith("/set") else None)


def _error(kind: str, description: str) -> Refusal:
    """RFC 8620 §3.6.2."""
    return "error", {"type": kind, "description": description}


def _foreign_account(arguments: Mapping[str, Any], account_id: str) -> Refusal | None:
    if "accountId" not in arguments and "#accountId" not in arguments:
        # A server would take the account of the login, which is none that was checked.
        return _error("invalidArguments", "accountId is missing")
    for name in ("accountId", "fromAccountId"):
        if name in arguments and not isinstance(arguments[name], str):
            return _error("invalidArguments", f"{name} is no string")
    for name, value in _account_ids(arguments):
        if name.startswith("#") and name in arguments:  # deeper, it is no reference (RFC 8620 §3.7)
            return _error("forbidden", f"{name[1:]} must be given, not referenced")
        if any(each != account_id for each in _strings(value)):
            # RFC 8620 §5.4
            kind = "fromAccountNotFound" if name == "fromAccountId" else "accountNotFound"
            return _error(kind, "no such account is open to this login")
    return None


def _account_ids(arguments: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """Whatever is named like an account id, at any depth: the RFCs have them at the top, a server may have more."""
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
    """Sharing outlives the token and the session of who shared; so it is left to the mail server's own interface.
    Looked for in each /set: of which types a server takes it (RFC 9670), no list of ours could know for ever."""
    for name in ("create", "update"):
        if f"#{name}" in arguments:
            return _error("forbidden", f"{name} must be given, not referenced")
        if any(_SHARED.match(key) for each in as_object(arguments.get(name)).values() for key in as_object(each)):
            return _error("forbidden", "nothing can be shared here")
    return None


def _strings(value: object) -> list[object]:
    # A keyword or a creation id may have such a name, too; their values are no strings.
    if isinstance(value, str):
        return [value]
    return [each for each in cast(list[object], value) if isinstance(each, str)] if isinstance(value, list) else []
