"""In whose name an EmailSubmission/set sends (RFC 8621 §7.5).

Stalwart checks the envelope only, and delivers an Email with any From (seen on 0.16.19). So the gateway looks at the
Emails that would be sent, once the calls before have been carried out: at their first bytes, since the properties of an
Email are what the mail server's parser has found (see `header_section`). Cyrus 3.6 gives no bytes (`Blob/get`, RFC
9404): there it takes the header fields as that server's parser has found them.
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Any, cast

from postroom.domain import originator_fields
from postroom.gateway.methods import BLOB, MAIL, SUBMISSION
from postroom.gateway.problems import unusable
from postroom.gateway.request_body import Call
from postroom.gateway.response_splicer import RefusedCall
from postroom.http.json_object import JsonObject, as_object

METHOD = "EmailSubmission/set"
LOOKUPS = 3
"""at most"""
MOST_READ = 3_000_000
"""bytes of the responses to the lookups"""
# Of a message, and of all messages of an EmailSubmission/set: base64 makes two megabytes of it.
_LONGEST_HEADER = 65_536
_ALL_HEADERS = 1_500_000
_START = "data:asBase64"
_FIELDS = "headers"
_EMAILS = "urn:postroom:emails"
"""a call id that no call of the client has by chance: the reference would lead to that call"""


def sends(call: Call) -> bool:
    """Whether it may create a submission: to cancel or to forget one needs no check."""
    method, arguments, _ = call
    return method == METHOD and bool(as_object(arguments.get("create")))


def capabilities(*, has_blobs: bool) -> tuple[str, ...]:
    """Of the lookups."""
    return (MAIL, SUBMISSION, BLOB) if has_blobs else (MAIL, SUBMISSION)


def lookups(arguments: JsonObject, *, has_blobs: bool) -> list[Call]:
    """The calls that find the person's identities, and the first bytes of the Emails that would be sent."""
    account = {"accountId": arguments.get("accountId")}
    creations = as_object(arguments.get("create")).values()
    ids = [email for each in creations if isinstance(email := as_object(each).get("emailId"), str)]
    emails = list(dict.fromkeys(ids))
    length = min(_LONGEST_HEADER, _ALL_HEADERS // max(1, len(emails)))
    blobs = {"resultOf": _EMAILS, "name": "Email/get", "path": "/list/*/blobId"}
    identities = ("Identity/get", {**account, "ids": None, "properties": ["id", "email"]}, "0")
    if not has_blobs:
        return [identities, ("Email/get", {**account, "ids": emails, "properties": ["id", _FIELDS]}, _EMAILS)]
    return [
        identities,
        ("Email/get", {**account, "ids": emails, "properties": ["id", "blobId"]}, _EMAILS),
        ("Blob/get", {**account, "#ids": blobs, "properties": [_START], "offset": 0, "length": length}, "1"),
    ]


def checked(
    arguments: JsonObject, looked_up: Sequence[Any], created_ids: Mapping[str, str], login: str
) -> tuple[JsonObject, dict[str, JsonObject]]:
    """The arguments with the submissions that may be created, and the SetErrors of the others. A creation id of an
    Email is replaced by its id, so that what was checked is what is sent. `looked_up` are the responses to the lookups.
    `login` is the person's address: the only identity of Cyrus 3.6 has none.

    Raises `RefusedCall` with the error of a lookup: of a reference to nothing, and of too many objects, the mail server
    says the same in response to the EmailSubmission/set. Raises `Problem` if the responses cannot be read."""
    methods = ("Identity/get", "Email/get", "Blob/get")[: len(looked_up)]
    identities, emails, *blobs = (_objects(name, each) for name, each in zip(methods, looked_up, strict=True))
    own = [str(each.get("email") or login) for each in identities]
    starts = _by_id(blobs[0]) if blobs else None
    sent = {email_id: _start_of(email, starts) for email_id, email in _by_id(emails).items()}
    allowed: JsonObject = {}
    refused: dict[str, JsonObject] = {}
    for key, value in as_object(arguments.get("create")).items():
        email_id = as_object(value).get("emailId")
        if not isinstance(email_id, str):
            allowed[key] = value  # the mail server refuses it
            continue
        email_id = created_ids.get(email_id[1:], email_id) if email_id.startswith("#") else email_id
        if email_id not in sent:
            refused[key] = {"type": "invalidProperties", "properties": ["emailId"], "description": "Email not found."}
        elif reason := originator_fields.refusal(sent[email_id], own):
            refused[key] = {"type": "forbiddenFrom", "description": reason}
        else:
            allowed[key] = {**value, "emailId": email_id}
    return {**arguments, "create": allowed}, refused


def with_refused(responses: Sequence[Any], refused: Mapping[str, JsonObject]) -> list[Any]:
    """The responses to the EmailSubmission/set, in which these creations are refused, too. An error of the whole call
    stays what it is."""
    found = list(responses)
    for at, response in enumerate(found):
        match response:
            case [str(method), dict(), call_id] if method == METHOD:
                arguments = cast("list[JsonObject]", response)[1]
                refused_there = as_object(arguments.get("notCreated"))
                found[at] = [method, {**arguments, "notCreated": {**refused_there, **refused}}, call_id]
            case _:
                pass
    return found


def _objects(method: str, response: Any) -> list[JsonObject]:
    match response:
        case ["error", {"type": str()}, _]:
            raise RefusedCall(cast("list[JsonObject]", response)[1])
        case [str(name), {"list": list()}, _] if name == method:
            return [as_object(each) for each in cast("list[object]", response[1]["list"])]
        case _:
            raise unusable()


def _by_id(objects: Sequence[JsonObject]) -> dict[str, JsonObject]:
    return {str(each.get("id")): each for each in objects}


def _start_of(email: JsonObject, blobs: Mapping[str, JsonObject] | None) -> bytes:
    """The first bytes of an Email. `blobs`: None where the mail server gives no bytes. Raises `Problem`."""
    if blobs is None:
        return _written(email.get(_FIELDS))
    return _bytes(blobs.get(str(email.get("blobId")), {}).get(_START))


def _bytes(found: object) -> bytes:
    """Raises `Problem` where there are none."""
    try:
        if isinstance(found, str):
            return base64.b64decode(found, validate=True)
    except ValueError:
        pass
    raise unusable()


def _written(fields: object) -> bytes:
    """The header section of these fields. Raises `Problem` where there are none."""
    if not isinstance(fields, list):
        raise unusable()
    found = map(as_object, cast("list[object]", fields))
    return "".join(f"{each.get('name')}:{each.get('value')}\r\n" for each in found).encode() + b"\r\n"
