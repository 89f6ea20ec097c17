"""SearchSnippet/get (RFC 8621 §5): the text around the words that a search found."""

import html

from postroom_sandbox.stalwart import ids
from postroom_sandbox.stalwart.json_value import JSON
from postroom_sandbox.stalwart.mail import email_search, query_filters
from postroom_sandbox.stalwart.mail.data_type import MailCall
from postroom_sandbox.stalwart.mail.email_store import EmailStore
from postroom_sandbox.stalwart.standard_methods import check_number
from postroom_sandbox.stalwart.store import Store

_BEGIN, _END = "\x02", "\x03"  # around a match, until the text is escaped
_SNIPPETS = f"""
    SELECT highlight(email_text, 4, '{_BEGIN}', '{_END}'), snippet(email_text, 5, '{_BEGIN}', '{_END}', '…', 32)
    FROM email_text WHERE email_text MATCH ? AND rowid = ?"""  # noqa: S608 - constants


class SearchSnippets:
    def __init__(self, store: Store, mail: EmailStore) -> None:
        self._store = store
        self._mail = mail

    def get(self, call: MailCall, arguments: JSON) -> JSON:
        asked: list[str] = arguments.get("emailIds") or []
        wanted: JSON = arguments.get("filter") or {}
        check_number(len(asked))
        query_filters.condition(wanted, email_search.leaf)  # refuses the same filters as Email/query
        matches = " OR ".join(f"({email_search.match(text)})" for text in email_search.texts(wanted))
        response: JSON = {"list": [], "notFound": []}
        for text in asked:
            row = self._mail.row(call.account, ids.decode(text))
            if row is None:
                response["notFound"].append(text)
                continue
            found = self._store.row(_SNIPPETS, matches, row) if matches else None
            subject, preview = found or ("", "")
            response["list"].append({"emailId": text, "subject": _marked(subject), "preview": _marked(preview)})
        return response


def _marked(text: str) -> str | None:
    """HTML with the matches in `<mark>`; None without a match."""
    if _BEGIN not in text:
        return None
    return html.escape(text).replace(_BEGIN, "<mark>").replace(_END, "</mark>")
