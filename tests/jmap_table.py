"""Valid and invalid requests of every method that reads (RFC 8620, 8621, 9404, 9425, 9610, 9661), for servers that must
answer them alike.

A text `$name` stands for a value of the account, see `filled`. `accountId` is added where a call does not name one.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Arguments = dict[str, Any]
Call = tuple[str, Arguments]

CAPABILITIES = [
    f"urn:ietf:params:jmap:{name}"
    for name in ("core", "mail", "submission", "vacationresponse", "blob", "quota", "sieve", "contacts")
]
NEWEST_FIRST = [{"property": "receivedAt", "isAscending": False}]

# Two existing ids of each kind of object, or one and a missing one.
GET: Mapping[str, list[str]] = {
    "Mailbox/get": ["$inbox", "$box"],
    "Thread/get": ["$thread1", "$thread2"],
    "Email/get": ["$email1", "$email2"],
    "Identity/get": ["$identity"],
    "EmailSubmission/get": ["nowhere"],
    "VacationResponse/get": ["singleton"],
    "Blob/get": ["$blob"],
    "Quota/get": ["nowhere"],
    "SieveScript/get": ["nowhere"],
    "AddressBook/get": ["nowhere"],
    "ContactCard/get": ["nowhere"],
}
_CHANGING = ("Mailbox", "Thread", "Email", "Identity", "EmailSubmission", "Quota", "AddressBook", "ContactCard")
CHANGES = tuple(f"{thing}/changes" for thing in _CHANGING)
_QUERIED = ("Mailbox", "Email", "EmailSubmission", "Quota", "ContactCard")
QUERY = tuple(f"{thing}/query" for thing in (*_QUERIED, "SieveScript"))
QUERY_CHANGES = tuple(f"{thing}/queryChanges" for thing in _QUERIED)

Rows = dict[str, Arguments]
"""description → arguments"""


def _ref(result_of: str, name: str, path: str) -> dict[str, str]:
    return {"resultOf": result_of, "name": name, "path": path}


def rows_of(method: str) -> Rows:
    """Valid and invalid arguments of a method that reads."""
    rows = _family(method) | _OWN.get(method, {})
    return rows | _for_any_method(next(iter(rows.values())))


def _family(method: str) -> Rows:
    if method in GET:
        return _get(GET[method])
    if method in CHANGES:
        return _changes("sinceState", "$state")
    if method in QUERY:
        return _query()
    return _changes("sinceQueryState", "$queryState") if method in QUERY_CHANGES else {}


def _get(ids: list[str]) -> Rows:
    return {
        "by id": {"ids": ids},
        "all": {"ids": None},
        "none": {"ids": []},
        "in another order": {"ids": ids[::-1]},
        "twice": {"ids": [ids[0], ids[0]]},
        "an unknown id": {"ids": [ids[0], "nowhere"]},
        "a text that is no id": {"ids": ["no id!", ""]},
        "only the id": {"ids": ids, "properties": ["id"]},
        "an unknown property": {"ids": ids, "properties": ["id", "nonsense"]},
        "no list of ids": {"ids": "x"},
        "ids of a wrong type": {"ids": [1]},
        "properties of a wrong type": {"ids": ids, "properties": "id"},
        "more than any server takes": {"ids": [f"x{number}" for number in range(5000)]},
    }


def _changes(since: str, state: str) -> Rows:
    return {
        "since a known state": {since: state},
        "a page of them": {since: state, "maxChanges": 1},
        "since an unknown state": {since: "lost"},
        "since no text": {since: 1},
        "since never": {},
        "none at most": {since: state, "maxChanges": 0},
        "less than none": {since: state, "maxChanges": -1},
    }


def _query() -> Rows:
    return {
        "all": {},
        "the first": {"limit": 1},
        "the last": {"position": -1},
        "beyond the end": {"position": 100},
        "a total": {"calculateTotal": True},
        "no filter": {"filter": None},
        "an unknown filter": {"filter": {"nonsense": "x"}},
        "an unknown operator": {"filter": {"operator": "NAND", "conditions": []}},
        "an unknown order": {"sort": [{"property": "nonsense"}]},
        "an unknown anchor": {"anchor": "nowhere"},
        "an anchor of a wrong type": {"anchor": 1},
        "an offset without an anchor": {"anchorOffset": 1},
        "less than none": {"limit": -1},
        "a limit of a wrong type": {"limit": "x"},
        "a filter of a wrong type": {"filter": "x"},
        "an order of a wrong type": {"sort": "x"},
    }


def _for_any_method(right: Arguments) -> Rows:
    return {
        "an unknown argument": right | {"nonsense": 1},
        "a reference to no call": right | {"#ids": _ref("nowhere", "Email/query", "/ids")},
        "a reference to no method": right | {"#ids": _ref("nowhere", "Email/frobnicate", "/ids")},
        "a reference that is none": right | {"#ids": "nowhere"},
    }


_OWN: Mapping[str, Rows] = {
    "Core/echo": {"anything": {"ü": ["€", None, 1.5, True, {"#ids": 1}], "accountId": "whoever"}},
    "Mailbox/query": {
        "by role": {"filter": {"role": "inbox"}},
        "by name": {"filter": {"name": "Proj"}},
        "with children": {"filter": {"hasAnyRole": False, "parentId": "$box"}},
        "as a tree": {"sort": [{"property": "name"}], "sortAsTree": True, "filterAsTree": True},
    },
    "Email/query": {
        "in a mailbox": {"filter": {"inMailbox": "$box"}, "sort": NEWEST_FIRST},
        "in any other": {"filter": {"inMailboxOtherThan": ["$inbox"]}, "sort": NEWEST_FIRST},
        "before a time": {"filter": {"before": "2026-02-03T00:00:00Z"}, "sort": NEWEST_FIRST},
        "of a size": {"filter": {"minSize": 1000}, "sort": NEWEST_FIRST},
        "flagged": {"filter": {"hasKeyword": "$flagged"}, "sort": NEWEST_FIRST},
        "not seen": {"filter": {"notKeyword": "$seen"}, "sort": NEWEST_FIRST},
        "with attachments": {"filter": {"hasAttachment": True}, "sort": NEWEST_FIRST},
        "by header": {"filter": {"header": ["X-Colour", "blue"]}, "sort": NEWEST_FIRST},
        "one or the other": {
            "filter": {"operator": "OR", "conditions": [{"hasKeyword": "$flagged"}, {"minSize": 1000}]},
            "sort": NEWEST_FIRST,
        },
        "neither": {
            "filter": {"operator": "NOT", "conditions": [{"hasKeyword": "$flagged"}, {"minSize": 1000}]},
            "sort": NEWEST_FIRST,
        },
        "one of each thread": {"collapseThreads": True, "sort": NEWEST_FIRST, "calculateTotal": True},
        "around an anchor": {"anchor": "$email2", "anchorOffset": -1, "limit": 2, "sort": NEWEST_FIRST},
        "by size": {"sort": [{"property": "size", "isAscending": True}]},
        "by subject, then by time": {"sort": [{"property": "subject"}, *NEWEST_FIRST]},
        "a time that is none": {"filter": {"before": "yesterday"}},
    },
    "Email/queryChanges": {
        "of a mailbox": {"sinceQueryState": "$queryState", "filter": {"inMailbox": "$inbox"}, "sort": NEWEST_FIRST},
        "an unknown filter": {"sinceQueryState": "$queryState", "filter": {"nonsense": "x"}},
    },
    "Email/get": {
        "the whole body": {
            "ids": ["$email1", "$email2", "$email3"],
            "properties": ["bodyStructure", "bodyValues", "textBody", "htmlBody", "attachments"],
            "bodyProperties": ["partId", "blobId", "size", "name", "type", "charset", "disposition", "cid"],
            "fetchAllBodyValues": True,
        },
        "a cut body": {
            "ids": ["$email1"],
            "properties": ["bodyValues"],
            "fetchTextBodyValues": True,
            "maxBodyValueBytes": 5,
        },
        "headers in their forms": {
            "ids": ["$email1", "$email2"],
            "properties": ["header:Subject:asText", "header:From:asAddresses", "header:X-Colour:asRaw:all", "headers"],
        },
        "a form that a header has not": {"ids": ["$email1"], "properties": ["header:Subject:asNonsense"]},
    },
    "Email/parse": {
        "an email": {"blobIds": ["$blob"], "properties": ["subject", "from", "preview"]},
        "an unknown blob": {"blobIds": ["nowhere"]},
        "no list of blobs": {"blobIds": "x"},
    },
    "SearchSnippet/get": {
        "of two": {"emailIds": ["$email1", "$email2"], "filter": {"subject": "Report"}},
        "of none that is there": {"emailIds": ["nowhere"], "filter": {"subject": "Report"}},
        "without a filter": {"emailIds": ["$email1"], "filter": None},
        "no list of emails": {"emailIds": "x", "filter": {"subject": "Report"}},
    },
    "VacationResponse/get": {"another one": {"ids": ["singleton", "double"]}},
    "EmailSubmission/query": {
        "of an email": {"filter": {"emailIds": ["$email1"]}},
        "pending": {"filter": {"undoStatus": "pending"}, "sort": [{"property": "sentAt", "isAscending": False}]},
        "of no status": {"filter": {"undoStatus": "nonsense"}},
    },
    "Blob/get": {
        "as text": {"ids": ["$blob"], "properties": ["data:asText", "size"]},
        "as Base64": {"ids": ["$blob"], "properties": ["data:asBase64", "digest:sha-256", "isTruncated"]},
        "a piece": {"ids": ["$blob"], "properties": ["data"], "offset": 5, "length": 10},
        "beyond its end": {"ids": ["$blob"], "offset": 100_000, "length": 10},
        "less than none": {"ids": ["$blob"], "offset": -1},
    },
    "Blob/lookup": {
        "where it is": {"ids": ["$blob", "nowhere"], "typeNames": ["Mailbox", "Thread", "Email"]},
        "in an unknown type": {"ids": ["$blob"], "typeNames": ["Nonsense"]},
        "no list of types": {"ids": ["$blob"], "typeNames": "Email"},
    },
    "Quota/query": {
        "by name": {"filter": {"name": "x"}, "sort": [{"property": "name"}]},
        "of a type": {"filter": {"type": "Email", "scope": "account", "resourceType": "octets"}},
    },
    "ContactCard/query": {
        "by any text": {"filter": {"text": "mara"}, "sort": [{"property": "updated", "isAscending": False}]},
        "by name": {"filter": {"name": "mara"}},
        "by address": {"filter": {"email": "mara@example.org"}},
        "in a book": {"filter": {"inAddressBook": "nowhere"}},
    },
    "SieveScript/validate": {
        "an unknown blob": {"blobId": "nowhere"},
        "no script": {"blobId": "$blob"},
        "no blob": {},
    },
}

_OTHER = ("Core/echo", "Email/parse", "SearchSnippet/get", "Blob/lookup", "SieveScript/validate")
READING = (*GET, *CHANGES, *QUERY, *QUERY_CHANGES, *_OTHER)


_ACCOUNT = {"accountId": "$account"}
_TWO = {"accountId": "$account", "properties": ["threadId", "subject"]}

CHAIN: list[list[Any]] = [
    ["Email/query", {**_ACCOUNT, "sort": NEWEST_FIRST}, "q"],
    ["Email/get", {**_TWO, "#ids": _ref("q", "Email/query", "/ids")}, "g"],
    ["Thread/get", {**_ACCOUNT, "#ids": _ref("g", "Email/get", "/list/*/threadId")}, "t"],
    ["Email/get", {**_TWO, "#ids": _ref("t", "Thread/get", "/list/*/emailIds")}, "t"],
    ["Email/get", {**_TWO, "#ids": _ref("q", "Email/query", "/nonsense")}, "wrong path"],
    ["Email/get", {**_TWO, "#ids": _ref("q", "Email/get", "/ids")}, "wrong name"],
    ["Email/get", {**_TWO, "ids": [], "#ids": _ref("q", "Email/query", "/ids")}, "both"],
    ["Email/frobnicate", _ACCOUNT, "unknown"],
    ["Nonsense/get", _ACCOUNT, "unknown"],
    ["Email/get", {**_TWO, "#ids": _ref("unknown", "Email/query", "/ids")}, "of an error"],
    ["Core/echo", {"last": True}, ""],
]
"""Calls with references to results of others (RFC 8620 §3.7), some of them invalid."""


def filled(value: Any, names: Mapping[str, str]) -> Any:
    """Replace each `$name` by the account's value, also in keys and in paths of patches."""
    if isinstance(value, str):
        return "/".join(names.get(part, part) for part in value.split("/"))
    if isinstance(value, dict):
        return {filled(name, names): filled(inner, names) for name, inner in value.items()}
    return [filled(inner, names) for inner in value] if isinstance(value, list) else value


def calls_of(method: str) -> Iterator[tuple[str, Call]]:
    """Each description with its call."""
    for what, arguments in rows_of(method).items():
        yield what, (method, {"accountId": "$account"} | arguments)
