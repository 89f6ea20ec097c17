"""The JMAP request (RFC 8620 §3.3): it is parsed as a whole, then its calls are executed in order."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from postroom_sandbox.stalwart import ids
from postroom_sandbox.stalwart.errors import MethodError, SetError, jmap_problem, limit_problem, server_unavailable
from postroom_sandbox.stalwart.faults import Fault
from postroom_sandbox.stalwart.json_pointer import with_results
from postroom_sandbox.stalwart.json_value import JSON, is_count, is_flag, is_list, is_object, is_text, is_texts
from postroom_sandbox.stalwart.mail import Mail, state_string
from postroom_sandbox.stalwart.object_type import Access, Call, Created
from postroom_sandbox.stalwart.registry import Registry
from postroom_sandbox.stalwart.session_object import CORE, KNOWN, STATE

# The capability that each method needs; methods of the registry (x:…) need none.
_MAIL = "urn:ietf:params:jmap:mail"
_SUBMISSION = "urn:ietf:params:jmap:submission"
_CAPABILITY_OF = {
    "Core": "urn:ietf:params:jmap:core",
    "Mailbox": _MAIL,
    "Thread": _MAIL,
    "Email": _MAIL,
    "SearchSnippet": _MAIL,
    "Identity": _SUBMISSION,
    "EmailSubmission": _SUBMISSION,
    "VacationResponse": "urn:ietf:params:jmap:vacationresponse",
    "SieveScript": "urn:ietf:params:jmap:sieve",
    "Quota": "urn:ietf:params:jmap:quota",
    "Blob": "urn:ietf:params:jmap:blob",
    **dict.fromkeys(("AddressBook", "ContactCard"), "urn:ietf:params:jmap:contacts"),
}
_STATES = ("ifInState", "sinceState", "sinceQueryState")
_WRITE_METHODS = ("/set", "/import", "/upload")
_REFERENCE_ARGUMENTS = ("ids", "properties", "emailIds", "destroy")  # for methods of mail
_TYPES: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("accountId", "anchor", "blobId", "onSuccessActivateScript"), is_text),
    **dict.fromkeys(_STATES, lambda value: is_text(value) and state_string.decode(value) is not None),
    **dict.fromkeys(("ids", "properties", "bodyProperties", "emailIds", "blobIds"), is_texts),
    **dict.fromkeys(("destroy", "onSuccessDestroyEmail"), is_texts),
    **dict.fromkeys(("filter", "create", "update", "onSuccessUpdateEmail"), is_object),
    "emails": lambda value: is_object(value) and all(map(is_object, value.values())),
    "sort": lambda value: is_list(value) and all(map(is_object, value)),
    "limit": is_count,
    **dict.fromkeys(("position", "anchorOffset"), lambda value: isinstance(value, int)),
    **dict.fromkeys(("calculateTotal", "onSuccessDeactivateScript"), is_flag),
}


@dataclass(frozen=True)
class Request:
    using: frozenset[str]
    calls: list[tuple[str, JSON, str]]
    created: Created | None

    def methods(self) -> set[str]:
        return {method for method, _, _ in self.calls}


@dataclass(frozen=True)
class Refusing:
    """What is refused because of a fault: all writes (`full`), what the /set `method` would create, or `accounts`."""

    full: bool = False
    method: str | None = None
    accounts: Fault | None = None

    def response(self, method: str, arguments: JSON) -> JSON | None:
        """The response to a call that is not executed."""
        if self.full and method.endswith(_WRITE_METHODS):
            raise server_unavailable()
        creates = arguments.get("create")
        if not is_object(creates):
            return None
        if self.accounts and method == "x:Account/set":
            return _without_accounts(self.accounts, creates, arguments)
        if method != self.method:
            return None
        reason = SetError("forbiddenToSend", "Server rejected DATA: 554 5.7.1 refused by the fault reject.").body
        return {"accountId": arguments.get("accountId"), "notCreated": dict.fromkeys(creates, reason)}


def _without_accounts(fault: Fault, creates: JSON, arguments: JSON) -> JSON:
    """The response to a call that makes no account because of `fault`."""
    description = f"Refused by the fault {fault.kind}."
    if fault.kind == "break-creates":
        raise MethodError(fault.error, description)
    response: JSON = {"accountId": arguments.get("accountId")}
    if fault.kind == "refuse-creates":
        response["notCreated"] = dict.fromkeys(creates, SetError(fault.error, description).body)
    return response


_REFUSING_NOTHING = Refusing()


def parse(body: bytes) -> Request:
    """Raises ProblemError. Stalwart echoes a request that it cannot parse, because of its JSON or of one argument."""
    refusal = jmap_problem("notRequest", body.decode("utf-8", "replace"))
    try:
        request = json.loads(body)
        if b"\\ud" in body.lower():  # may be a lone surrogate, which is not valid text and cannot be stored
            json.dumps(request, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise refusal from None
    if not is_object(request):
        raise refusal
    using, calls, created = request.get("using"), request.get("methodCalls"), request.get("createdIds")
    if not is_list(using) or not is_list(calls) or not (created is None or is_object(created)):
        raise refusal
    if not all(isinstance(name, str) and name in KNOWN for name in using) or not all(map(_is_call, calls)):
        raise refusal
    if len(calls) > CORE["maxCallsInRequest"]:
        raise limit_problem("maxCallsInRequest")
    return Request(frozenset(using), [(method, arguments, tag) for method, arguments, tag in calls], created)


def _is_call(call: Any) -> bool:
    match call:
        case [str(method), arguments, str()] if is_object(arguments):
            early = list(arguments.items())[:-1]
            return all(_is_state(*each) for each in early) and (
                not method.startswith("x:") or all(map(_is_readable, arguments, arguments.values()))
            )
        case _:
            return False


def _is_readable(name: str, value: Any) -> bool:
    """Some values of a wrong type make the whole request invalid for Stalwart's parser.

    An update that is not an object makes Stalwart drop the connection. Here, too, nothing is executed then.
    """
    if name == "update" and is_object(value):
        return all(map(is_object, value.values()))
    return name not in ("create", "update") or not is_list(value)


def _is_state(name: str, value: Any) -> bool:
    """True for arguments that are not states. An invalid state makes the whole request invalid, too, except in the last
    argument of a call: then it is an error of this call only."""
    return name not in _STATES or not isinstance(value, str) or state_string.decode(value) is not None


def _check_types(arguments: JSON) -> None:
    """Any other wrong type is an error of its call only. Unknown arguments are ignored."""
    for name, value in arguments.items():
        if value is not None and name in _TYPES and not _TYPES[name](value):
            raise MethodError("invalidArguments", f"invalid type: {json.dumps(value)[:60]} for {name}")


async def execute(
    request: Request, registry: Registry, mail: Mail, access: Access, refusing: Refusing = _REFUSING_NOTHING
) -> JSON:
    """The response. A refused call gets an error in its place and does not stop the others."""
    created = dict(request.created or {})
    responses: list[tuple[str, JSON, str]] = []
    for method, arguments, tag in request.calls:
        try:
            names = _REFERENCE_ARGUMENTS if mail.knows(method) else ("ids",)
            resolved = with_results(arguments, responses, names)
            _check_capability(request, method)
            if (refused := refusing.response(method, resolved)) is not None:
                responses.append((method, refused, tag))
                continue
            results = await _execute_call(method, resolved, registry, mail, access, created)
            responses += [(name, result, tag) for name, result in results]
        except MethodError as refusal:
            responses.append(("error", refusal.body, tag))
    response: JSON = {"methodResponses": responses, "sessionState": STATE}
    return response if request.created is None else response | {"createdIds": created}


async def _execute_call(
    method: str, arguments: JSON, registry: Registry, mail: Mail, access: Access, created: Created
) -> list[tuple[str, JSON]]:
    """The response, and the responses of implied calls."""
    if method == "Core/echo":
        return [(method, arguments)]
    if not mail.knows(method) and not registry.knows(method):
        raise MethodError("unknownMethod", method)
    _check_types(arguments)
    if mail.knows(method):
        return mail.call(method, access, arguments, created)
    number = ids.decode(arguments.get("accountId"))
    account = access.account if number is None else number  # an invalid id counts as missing
    if not access.reaches(account):
        raise MethodError("forbidden", f"You are not an owner of account {arguments['accountId']}")
    return [(method, await registry.call(method, Call(access, account), arguments, created))]


def _check_capability(request: Request, method: str) -> None:
    capability = _CAPABILITY_OF.get(method.partition("/")[0])
    if capability and capability not in request.using:
        lacking = f'requires capability {capability} which is not present in the "using" property.'
        raise MethodError("unknownMethod", f"Method {method} {lacking}")
