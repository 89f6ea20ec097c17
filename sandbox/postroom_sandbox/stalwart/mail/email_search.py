"""The filters and sort orders of Email/query (RFC 8621 §4.4), and the search text of SearchSnippet/get (§5)."""

import re
from typing import Any

from postroom_sandbox.stalwart import ids
from postroom_sandbox.stalwart.json_value import JSON, is_count, is_list
from postroom_sandbox.stalwart.mail.keywords import canonical_keyword
from postroom_sandbox.stalwart.mail.query_filters import moment, placeholders
from postroom_sandbox.stalwart.object_type import Condition

TEXT_PARTS = {
    "text": "",
    "from": "sender",
    "to": "recipients",
    "cc": "cc",
    "bcc": "bcc",
    "subject": "subject",
    "body": "body",
}
"""The filters by text, each with the column of the full-text index; none means all of them."""
_COLUMNS = {
    "receivedAt": "e.received_at",
    "sentAt": "m.sent_at",
    "size": "m.size",
    "from": "m.sender",
    "to": "m.recipient",
    "subject": "m.subject COLLATE NOCASE",
}
_HAS = "EXISTS (SELECT 1 FROM email_keywords k WHERE k.row = {}.row AND k.keyword = ?)"
_IN_THREAD = "EXISTS (SELECT 1 FROM emails t WHERE t.account_id = e.account_id AND t.thread_id = e.thread_id AND {})"
_WITH = _IN_THREAD.format(_HAS.format("t"))
_KEYWORDS = {
    "hasKeyword": _HAS.format("e"),
    "notKeyword": f"NOT {_HAS.format('e')}",
    "someInThreadHaveKeyword": _WITH,
    "noneInThreadHaveKeyword": f"NOT {_WITH}",
    "allInThreadHaveKeyword": "NOT " + _IN_THREAD.format("NOT " + _HAS.format("t")),
}
_TIMES = {"before": "e.received_at < ?", "after": "e.received_at > ?"}  # RFC 8621 §4.4.1 says: on or after
_MAX_SIZE = 2**53  # the limit of JMAP's integers (RFC 8620 §1.3)
_SIZES = {"minSize": "m.size >= ?", "maxSize": "m.size < ?"}


def leaf(name: str, value: Any) -> Condition | None:
    """One property of a FilterCondition, over a source `e` and the whole email `m`. Raises MethodError."""
    if name in TEXT_PARTS and isinstance(value, str):
        return "e.row IN (SELECT rowid FROM email_text WHERE email_text MATCH ?)", (match(value, TEXT_PARTS[name]),)
    if name in _KEYWORDS and isinstance(value, str):
        return _KEYWORDS[name], (canonical_keyword(value),)
    if name in _TIMES:
        return _TIMES[name], (moment(value),)
    if name in _SIZES and is_count(value) and value < _MAX_SIZE:
        return _SIZES[name], (value,)
    if name == "hasAttachment" and isinstance(value, bool):
        return "m.has_attachment = ?", (value,)
    if name == "header" and is_list(value) and 1 <= len(value) <= 2 and all(isinstance(v, str) for v in value):
        return "FALSE", ()  # Stalwart indexes header fields only if its operator configures it
    return _in_mailbox(name, value)


def _in_mailbox(name: str, value: Any) -> Condition | None:
    if name == "inMailbox" and isinstance(value, str):
        sql = "SELECT 1 FROM email_mailboxes b WHERE b.account_id = e.account_id AND b.row = e.row AND b.mailbox_id = ?"
        return f"EXISTS ({sql})", (ids.decode(value),)
    if name == "inMailboxOtherThan" and is_list(value):
        numbers = [ids.decode(text) for text in value]
        sql = f"SELECT 1 FROM email_mailboxes b WHERE b.row = e.row AND b.mailbox_id NOT IN ({placeholders(numbers)})"  # noqa: S608 - placeholders only
        return f"EXISTS ({sql})", tuple(numbers)
    return None


def column(comparator: JSON) -> Condition | None:
    """The column for a comparator."""
    name, keyword = comparator.get("property"), comparator.get("keyword")
    if name in _KEYWORDS and isinstance(keyword, str):
        return _KEYWORDS[name], (canonical_keyword(keyword),)
    return (_COLUMNS[name], ()) if name in _COLUMNS else None


def match(text: str, part: str = "") -> str:
    """A query of the full-text index: every word must occur, and text in quotes as a phrase."""
    text = text.replace("\0", " ")  # a NUL would end the query in SQLite
    phrases = [quoted or word for quoted, word in re.findall(r'"([^"]*)"|(\S+)', text)]
    joined = " AND ".join('"' + phrase.replace('"', '""') + '"' for phrase in phrases) or '""'
    return f"{part} : ({joined})" if part else joined


def texts(wanted: JSON) -> list[str]:
    """The texts that a filter searches for, which snippets highlight. Excluded texts are not among them."""
    if "operator" in wanted:
        inner: list[JSON] = [] if wanted["operator"] == "NOT" else wanted["conditions"]
        return [text for part in inner for text in texts(part)]
    return [value for name, value in wanted.items() if name in ("text", "subject", "body")]
