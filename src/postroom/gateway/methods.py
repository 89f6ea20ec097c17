"""The JMAP methods that people may call, and the scopes that an access token needs for each. `PushSubscription/*` is
refused (see `push_subscriptions`)."""

from collections.abc import Collection, Mapping
from typing import Any

from postroom.domain.person import Scope

CORE = "urn:ietf:params:jmap:core"
MAIL = "urn:ietf:params:jmap:mail"
BLOB = "urn:ietf:params:jmap:blob"
SUBMISSION = "urn:ietf:params:jmap:submission"
POSTROOM = "urn:postroom:params:jmap"
"""Our own capability (RFC 8620 §2). It has no methods, so the mail server need not know of it."""
CAPABILITIES = frozenset(
    f"urn:ietf:params:jmap:{name}"
    for name in ("core", "mail", "submission", "vacationresponse", "blob", "quota", "sieve", "contacts")
)

ECHO = "Core/echo"
_WRITING = frozenset({"set", "copy", "import", "upload"})
_OBJECTS = {
    # RFC 8621
    "Mailbox": ("get", "changes", "query", "queryChanges", "set"),
    "Thread": ("get", "changes"),
    "Email": ("get", "changes", "query", "queryChanges", "set", "copy", "import", "parse"),
    "SearchSnippet": ("get",),
    "Identity": ("get", "changes", "set"),
    "EmailSubmission": ("get", "changes", "query", "queryChanges", "set"),
    "VacationResponse": ("get", "set"),
    # RFC 8620 §6.3 and RFC 9404
    "Blob": ("copy", "get", "lookup", "upload"),
    # RFC 9425
    "Quota": ("get", "changes", "query", "queryChanges"),
    # RFC 9661
    "SieveScript": ("get", "set", "query", "validate"),
    # RFC 9610, without ContactCard/copy: there is only one account to copy from
    "AddressBook": ("get", "changes", "set"),
    "ContactCard": ("get", "changes", "query", "queryChanges", "set"),
}

METHODS: Mapping[str, frozenset[Scope]] = {
    ECHO: frozenset(),
    **{
        f"{thing}/{verb}": frozenset({Scope.WRITE if verb in _WRITING else Scope.READ})
        for thing, verbs in _OBJECTS.items()
        for verb in verbs
    },
    # It can send any email in the person's name (see `submissions`) to any address.
    "EmailSubmission/set": frozenset({Scope.SEND, Scope.READ}),
}


def offered_capabilities(scopes: Collection[Scope]) -> frozenset[str]:
    """The capabilities for a token with these scopes. One that may not send gets no `submission`: a program would show
    a button for it."""
    return CAPABILITIES if METHODS["EmailSubmission/set"] <= frozenset(scopes) else CAPABILITIES - {SUBMISSION}


# RFC 8621 §7.5: they make the server call Email/set implicitly.
_IMPLICIT_WRITES = ("onSuccessUpdateEmail", "onSuccessDestroyEmail")


def needed_scopes(method: str, arguments: Mapping[str, Any]) -> frozenset[Scope]:
    """The scopes that an access token needs for a method of `METHODS`."""
    scopes = METHODS[method]
    if method == "EmailSubmission/set" and any(name.lstrip("#") in _IMPLICIT_WRITES for name in arguments):
        return scopes | {Scope.WRITE}
    return scopes
