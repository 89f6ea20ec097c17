"""Requests that change an account, right and wrong, in an order; `$name` as in `jmap_table`, and each object that was
made is `$` and its creation id from then on."""

from collections.abc import Mapping
from typing import Any

from jmap_table import Call

_AT = "2026-02-10T10:00:00Z"


def _email(subject: str, **more: Any) -> dict[str, Any]:
    return {
        "mailboxIds": {"$drafts": True},
        "keywords": {"$draft": True},
        "from": [{"email": "somebody@example.org", "name": "Ä"}],
        "to": [{"email": "somebody@example.org"}],
        "subject": subject,
        # Otherwise a server takes the time, and a random id.
        "messageId": [f"{subject}@example.org"],
        "sentAt": _AT,
        "receivedAt": _AT,
        "textBody": [{"partId": "t", "type": "text/plain"}],
        "bodyValues": {"t": {"value": "Grüße."}},
    } | more


def _submission(email: str, **more: Any) -> dict[str, Any]:
    envelope = {"mailFrom": {"email": "$address"}, "rcptTo": [{"email": "$somebody"}]}
    return {"identityId": "$identity", "emailId": email, "envelope": envelope} | more


CHANGES: Mapping[str, list[Call]] = {
    "mailboxes made": [
        ("Mailbox/set", {"create": {"m1": {"name": "One"}, "m2": {"name": "Two", "parentId": "#m1", "sortOrder": 3}}})
    ],
    "mailboxes made wrongly": [
        ("Mailbox/set", {"create": {"w": value}})
        for value in (
            {"name": ""},
            {},
            {"name": "X", "parentId": "nowhere"},
            {"name": "X", "nonsense": 1},
            {"name": "One"},
            {"name": 1},
            {"name": "X", "id": "x"},
        )
    ],
    "mailboxes changed": [
        ("Mailbox/set", {"update": {number: patch}})
        for number, patch in (
            ("$m1", {"name": "Uno", "isSubscribed": False}),
            ("nowhere", {"name": "x"}),
            ("no id!", {"name": "x"}),
            ("$inbox", {"nonsense": 1}),
            ("$inbox", {"totalEmails": 1}),
            ("$m2", {}),
        )
    ],
    "mailboxes destroyed": [
        ("Mailbox/set", {"destroy": ["$m1", "nowhere", "$m1"]}),
        ("Mailbox/set", {"destroy": ["$box"]}),
        ("Mailbox/set", {"destroy": ["$m2"], "onDestroyRemoveEmails": True}),
    ],
    "an email composed": [("Email/set", {"create": {"e1": _email("one")}})],
    "an email of many parts composed": [
        (
            "Email/set",
            {
                "create": {
                    "e2": _email(
                        "two",
                        htmlBody=[{"partId": "h", "type": "text/html"}],
                        attachments=[{"blobId": "$blob", "type": "message/rfc822", "name": "ü.eml"}],
                        bodyValues={"t": {"value": "Grüße."}, "h": {"value": "<p>Grüße.</p>"}},
                        **{"header:X-Colour:asText": "blau ü"},
                    )
                }
            },
        )
    ],
    "emails composed wrongly": [
        ("Email/set", {"create": {"w": value}})
        for value in (
            {},
            {"mailboxIds": {}},
            _email("w", mailboxIds={"nowhere": True}),
            _email("w", nonsense=1),
            _email("w", keywords={"no keyword!": True}),
            _email("w", bodyValues={}),
            _email("w", textBody=[{"blobId": "nowhere", "type": "text/plain"}]),
            _email("w", **{"header:From": " x@example.org"}),
            _email("w", size=1),
            _email("w", **{"from": "alice"}),
        )
    ],
    "emails changed": [
        ("Email/set", {"update": {number: patch}})
        for number, patch in (
            ("$email1", {"keywords/$seen": True, "mailboxIds/$box": True}),
            ("$email2", {"keywords": {"$flagged": True}}),
            ("$email3", {"mailboxIds": {"nowhere": True}}),
            ("$email3", {"mailboxIds": {}}),
            ("$email3", {"subject": "changed"}),
            ("$email3", {"keywords/$seen": 1}),
            ("$email3", {"keywords": {}, "keywords/$seen": True}),
            ("nowhere", {"keywords/$seen": True}),
            ("no id!", {"keywords/$seen": True}),
        )
    ],
    "in a state that has passed": [
        ("Email/set", {"ifInState": "$state", "update": {"$email1": {"keywords/$seen": True}}}),
        ("Mailbox/set", {"ifInState": "$state", "create": {"w": {"name": "Not made"}}}),
    ],
    "in a state that never was": [("Email/set", {"ifInState": "lost", "destroy": ["$email1"]})],
    "of a wrong type": [("Email/set", {"create": "x"})],
    "no list to destroy": [("Email/set", {"destroy": "x"})],
    "more than any server takes": [("Email/set", {"destroy": [f"x{number}" for number in range(5000)]})],
    "nothing to do": [("Email/set", {}), ("Mailbox/set", {"create": {}, "update": {}, "destroy": []})],
    "an argument that is unknown": [("Email/set", {"nonsense": 1})],
    "made in something that is made": [
        ("Mailbox/set", {"create": {"m3": {"name": "Three"}}}),
        ("Email/set", {"create": {"e3": _email("three", mailboxIds={"#m3": True})}}),
        ("Email/set", {"create": {"w": _email("w", mailboxIds={"#nowhere": True})}}),
        ("Email/get", {"ids": ["#e3"], "properties": ["subject", "mailboxIds"]}),
    ],
    "imported": [
        ("Email/import", {"emails": {"i1": {"blobId": "$newBlob", "mailboxIds": {"$junk": True}, "receivedAt": _AT}}}),
        ("Email/import", {"emails": {"i2": {"blobId": "$blob", "mailboxIds": {"$junk": True}, "receivedAt": _AT}}}),
    ],
    "imported wrongly": [
        ("Email/import", {"emails": {"w": {"blobId": "nowhere", "mailboxIds": {"$inbox": True}}}}),
        ("Email/import", {"emails": {"w": {"blobId": "$blob", "mailboxIds": {}}}}),
        ("Email/import", {"emails": {"w": {"blobId": "$blob", "mailboxIds": {"nowhere": True}}}}),
        ("Email/import", {"emails": {"w": {"mailboxIds": {"$inbox": True}}}}),
        ("Email/import", {"ifInState": "$state", "emails": {}}),
        ("Email/import", {}),
    ],
    "copied within the account": [
        (
            "Email/copy",
            {"fromAccountId": "$account", "create": {"w": {"id": "$email1", "mailboxIds": {"$junk": True}}}},
        ),
        ("Email/copy", {"create": {}}),
        ("Blob/copy", {"fromAccountId": "$account", "blobIds": ["$blob", "nowhere"]}),
    ],
    "blobs": [
        ("Blob/upload", {"create": {"b1": {"data": [{"data:asText": "Grüße, "}], "type": "text/plain"}}}),
        ("Blob/upload", {"create": {"b2": {"data": [{"data:asBase64": "AAECAw=="}, {"blobId": "#b1"}]}}}),
        ("Blob/upload", {"create": {"w": {"data": [{"data:asBase64": "no Base64!"}]}}}),
        ("Blob/upload", {"create": {"w": {"data": [{"blobId": "nowhere", "offset": 1, "length": 2}]}}}),
        ("Blob/upload", {"create": {"w": {"data": "x"}}}),
        ("Blob/upload", {}),
        ("Blob/get", {"ids": ["#b1"], "properties": ["data", "size"]}),
    ],
    "scripts": [
        ("SieveScript/set", {"create": {"w": {"name": "filters", "blobId": "nowhere"}}}),
        ("SieveScript/set", {"destroy": ["nowhere"]}),
    ],
    "identities": [
        ("Identity/set", {"create": {"d1": {"email": "$address", "name": "Me"}}}),
        ("Identity/set", {"create": {"w": {"email": "somebody@example.com"}}}),
        ("Identity/set", {"update": {"$identity": {"name": "I"}, "nowhere": {"name": "x"}}}),
        ("Identity/set", {"destroy": ["nowhere"]}),
    ],
    "an answer for the absent": [
        ("VacationResponse/set", {"update": {"singleton": {"subject": "Away", "textBody": "I am away."}}}),
        ("VacationResponse/get", {"ids": ["singleton"]}),
        ("VacationResponse/set", {"create": {"w": {"isEnabled": True}}}),
        ("VacationResponse/set", {"destroy": ["singleton"]}),
        ("VacationResponse/set", {"update": {"double": {"isEnabled": False}}}),
    ],
    "sent": [
        (
            "EmailSubmission/set",
            {
                "create": {"s1": _submission("$e1")},
                "onSuccessUpdateEmail": {
                    "#s1": {"mailboxIds/$drafts": None, "mailboxIds/$sent": True, "keywords/$draft": None}
                },
            },
        ),
    ],
    "sent and destroyed": [
        ("EmailSubmission/set", {"create": {"s2": _submission("$e3")}, "onSuccessDestroyEmail": ["#s2"]})
    ],
    "sent wrongly": [
        ("EmailSubmission/set", {"create": {"w": value}})
        for value in (
            _submission("nowhere"),
            _submission("$e2", identityId="nowhere"),
            _submission("$e2", envelope={"mailFrom": {"email": "$address"}, "rcptTo": []}),
            _submission("$e2", envelope={"mailFrom": {"email": "$address"}, "rcptTo": [{"email": "no address"}]}),
            _submission("$e2", nonsense=1),
            {},
        )
    ],
    "submissions changed": [
        ("EmailSubmission/set", {"update": {"nowhere": {"undoStatus": "canceled"}}}),
        ("EmailSubmission/set", {"update": {"$s1": {"undoStatus": "canceled"}}}),
        ("EmailSubmission/set", {"destroy": ["nowhere"]}),
    ],
    "emails destroyed": [("Email/set", {"destroy": ["$e2", "nowhere", "no id!"]})],
}

AFTERWARDS: list[Call] = [
    ("Email/changes", {"sinceState": "$state"}),
    ("Mailbox/changes", {"sinceState": "$state"}),
    ("Thread/changes", {"sinceState": "$state"}),
    ("Mailbox/get", {"ids": None}),
    ("Email/query", {"sort": [{"property": "receivedAt"}, {"property": "size"}]}),
    ("Identity/get", {"ids": None}),
    ("VacationResponse/get", {"ids": None}),
    ("EmailSubmission/query", {}),
    ("EmailSubmission/get", {"ids": None}),
]
