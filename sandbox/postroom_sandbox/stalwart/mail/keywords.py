"""Keywords as Stalwart stores them: known ones in lower case, all others unchanged, although RFC 8621 §4.1.1 requires
lower case and no spaces."""

from typing import Any

from postroom_sandbox.stalwart.json_value import is_object
from postroom_sandbox.stalwart.mail.data_type import invalid

_KNOWN = {
    *("$seen", "$draft", "$flagged", "$answered", "$recent", "$important", "$phishing", "$junk", "$notjunk"),
    *("$deleted", "$forwarded", "$mdnsent", "$autosent", "$canunsubscribe", "$followed", "$hasattachment"),
    *("$hasmemo", "$hasnoattachment", "$imported", "$istrusted", "$maskedemail", "$memo", "$muted", "$new"),
    *("$notify", "$unsubscribed"),
}


def canonical_keyword(keyword: str) -> str:
    lower = keyword.lower()
    return lower if lower in _KNOWN else keyword


def keywords(value: Any) -> set[str]:
    """The keywords that a `keywords` property sets. Raises SetError."""
    if not is_object(value):
        raise invalid("keywords", description="Invalid property or value.")
    return {canonical_keyword(word) for word, on in value.items() if on is True}
