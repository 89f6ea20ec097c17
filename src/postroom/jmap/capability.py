"""Which capability a method belongs to, and whether it only reads."""

CORE = "urn:ietf:params:jmap:core"
MAIL = "urn:ietf:params:jmap:mail"
SUBMISSION = "urn:ietf:params:jmap:submission"
VACATION = "urn:ietf:params:jmap:vacationresponse"
BLOB = "urn:ietf:params:jmap:blob"
QUOTA = "urn:ietf:params:jmap:quota"
SIEVE = "urn:ietf:params:jmap:sieve"
STALWART = "urn:stalwart:jmap"

_OF_TYPE = {
    "Core": CORE,
    "PushSubscription": CORE,
    "Mailbox": MAIL,
    "Thread": MAIL,
    "Email": MAIL,
    "SearchSnippet": MAIL,
    "Identity": SUBMISSION,
    "EmailSubmission": SUBMISSION,
    "VacationResponse": VACATION,
    "Blob": BLOB,
    "Quota": QUOTA,
    "SieveScript": SIEVE,
}

_READING = frozenset({"echo", "get", "query", "changes", "queryChanges", "parse", "lookup", "validate"})


def capability_of(method: str) -> str:
    """The capability that serves `method`. Raises `ValueError` for a data type that Postroom does not know."""
    if method == "Blob/copy":  # RFC 8620 §6.3; the rest of Blob is RFC 9404's
        return CORE
    if method.startswith("x:"):
        return STALWART
    try:
        return _OF_TYPE[method.partition("/")[0]]
    except KeyError:
        raise ValueError(f"no capability known for the method {method}: add its data type here") from None


def only_reads(method: str) -> bool:
    """Whether asking twice changes nothing."""
    return method.partition("/")[2] in _READING
