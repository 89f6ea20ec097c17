"""One Email/query (RFC 8621 §4.4) as SQL, written so that an index yields the result in its order: a page then costs
as much in a mailbox of fifty thousand emails as in a small one.

A source is where the rows come from. It stands for a condition that all results meet: the one that selects the fewest
of them. It is named `e` and has the columns row, account_id, document_id, thread_id and received_at.
"""

import json
import re
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from postroom_sandbox.stalwart import ids
from postroom_sandbox.stalwart.json_value import JSON
from postroom_sandbox.stalwart.mail import email_search, query_filters
from postroom_sandbox.stalwart.mail.keywords import canonical_keyword
from postroom_sandbox.stalwart.object_type import Condition
from postroom_sandbox.stalwart.store import Store

_FREQUENT = ("$seen", "$recent")  # nearly every email has them, so other sources are better
_UNSEEN = ("notKeyword", "$seen")
_WHOLE_EMAIL = "JOIN emails m ON m.row = e.row"
_USES_WHOLE_EMAIL = re.compile(r"\bm\.").search


@dataclass(frozen=True)
class _Source:
    """`met` are the properties of the filter that every row of the source meets."""

    tables: str
    where: str
    values: tuple[object, ...]
    met: tuple[tuple[str, Any], ...] = ()


class EmailQuery:
    """Raises MethodError for a filter or sort that the server does not support."""

    def __init__(self, store: Store, account: int, arguments: JSON) -> None:
        self._store = store
        self._account = account
        self._wanted: JSON = arguments.get("filter") or {}
        self._sort: list[JSON] = arguments.get("sort") or []
        self._collapses = bool(arguments.get("collapseThreads"))
        query_filters.condition(self._wanted, email_search.leaf)  # raises for what is not supported
        self._required = list(_required(self._wanted))

    def ids(self) -> Generator[int]:
        """The ids in their order, read one by one. With `collapseThreads`, the first of each thread."""
        source = self._source()
        where, values = self._condition(source)
        order, more = query_filters.order(self._sort, email_search.column, "e.document_id")
        tables = _tables(source, where, order)
        sql = f"SELECT e.thread_id, e.document_id FROM {tables} WHERE {where} ORDER BY {order}"  # noqa: S608 - constants
        seen: set[int] = set()
        with closing(self._store.each(sql, *values, *more)) as rows:
            for thread, document in rows:
                if thread not in seen:
                    if self._collapses:
                        seen.add(thread)
                    yield thread << 32 | document

    def total(self) -> int:
        if [*self._wanted] == ["inMailbox"]:
            return self._counted(ids.decode(self._wanted["inMailbox"]))
        source = self._source()
        where, values = self._condition(source)
        what = "DISTINCT e.thread_id" if self._collapses else "*"
        sql = f"SELECT count({what}) FROM {_tables(source, where)} WHERE {where}"  # noqa: S608 - constants
        ((number,),) = self._store.rows(sql, *values)
        return number

    def _counted(self, mailbox: int | None) -> int:
        """As Mailbox/get says."""
        column = "total_threads" if self._collapses else "total_emails"
        sql = f"SELECT {column} FROM mailboxes WHERE account_id = ? AND id = ?"  # noqa: S608 - a constant
        row = self._store.row(sql, self._account, mailbox)
        return row[0] if row else 0

    def matching(self, numbers: set[int]) -> set[int]:
        """Which of these emails meet the filter."""
        documents = json.dumps([number & 0xFFFFFFFF for number in numbers])
        # The order of a CROSS JOIN is kept: no email but these is read.
        tables = "json_each(?) n CROSS JOIN emails e ON e.document_id = n.value"
        source = _Source(tables, "e.account_id = ?", (self._account,))
        where, values = self._condition(source)
        sql = f"SELECT e.thread_id << 32 | e.document_id FROM {_tables(source, where)} WHERE {where}"  # noqa: S608 - constants
        return {number for (number,) in self._store.rows(sql, documents, *values)} & numbers

    def _condition(self, source: _Source) -> Condition:
        def leaf(name: str, value: Any) -> Condition | None:
            return ("TRUE", ()) if (name, value) in source.met else email_search.leaf(name, value)

        where, values = query_filters.condition(self._wanted, leaf)
        return f"{source.where} AND ({where})", (*source.values, *values)

    def _source(self) -> _Source:
        account, given = self._account, self._required
        for name, value in given:
            if name in email_search.TEXT_PARTS:
                # As above: only the emails with these words are read.
                tables = "email_text CROSS JOIN emails e ON e.row = email_text.rowid"
                match = email_search.match(value, email_search.TEXT_PARTS[name])
                return _Source(tables, "email_text MATCH ? AND e.account_id = ?", (match, account), ((name, value),))
        for name, value in given:
            if name == "hasKeyword" and (keyword := canonical_keyword(value)) not in _FREQUENT:
                where = "e.account_id = ? AND e.keyword = ?"
                return _Source("email_keywords e", where, (account, keyword), ((name, value),))
        for name, value in given:
            if name == "inMailbox":
                where, met = "e.account_id = ? AND e.mailbox_id = ?", [(name, value)]
                if _UNSEEN in given:
                    where, met = where + " AND e.is_seen = 0", [*met, _UNSEEN]
                return _Source("email_mailboxes e", where, (account, ids.decode(value)), tuple(met))
        return _Source("emails e", "e.account_id = ?", (account,))


def _required(wanted: JSON) -> Iterator[tuple[str, Any]]:
    """The properties that every result has: those of the filter itself, and of the filters that AND joins."""
    if "operator" not in wanted:
        yield from wanted.items()
    elif wanted["operator"] == "AND":
        for part in wanted["conditions"]:
            yield from _required(part)


def _tables(source: _Source, *pieces: str) -> str:
    """With the whole email, `m`, only if a condition or the order needs a column that the source lacks."""
    return f"{source.tables} {_WHOLE_EMAIL}" if any(map(_USES_WHOLE_EMAIL, pieces)) else source.tables
