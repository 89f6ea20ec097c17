"""Contacts (RFC 9610), as far as programs that suggest recipients need them: one address book for each account, and its
cards. There is no AddressBook/set."""

import json
import re
from collections.abc import Generator
from datetime import UTC, datetime
from typing import Any

from postroom_sandbox.stalwart import ids
from postroom_sandbox.stalwart.errors import MethodError
from postroom_sandbox.stalwart.json_pointer import patched
from postroom_sandbox.stalwart.json_value import JSON, is_list, is_object
from postroom_sandbox.stalwart.mail.data_type import DataType, MailCall, invalid, not_found

_BOOK = 1
_RIGHTS = dict.fromkeys(("mayRead", "mayWrite", "mayDelete", "mayShare"), True)
_WORD = re.compile(r"\w+")
_SORTED = {"created": "id", "updated": "updated"}


class AddressBooks(DataType):
    name = "AddressBook"

    def all_ids(self, call: MailCall) -> list[int]:
        return [_BOOK]

    def shown(self, call: MailCall, numbers: list[int], arguments: JSON) -> dict[int, JSON]:
        book: JSON = {"name": f"Stalwart Address Book ({call.access.name})", "description": None, "sortOrder": 0}
        return (
            {_BOOK: book | {"isDefault": True, "isSubscribed": True, "myRights": _RIGHTS}} if _BOOK in numbers else {}
        )


class ContactCards(DataType):
    name = "ContactCard"

    def all_ids(self, call: MailCall) -> list[int]:
        return list(self._all(call))

    def _all(self, call: MailCall, order: str = "id") -> dict[int, JSON]:
        sql = f"SELECT id, document FROM contact_cards WHERE account_id = ? ORDER BY {order}"  # noqa: S608 - names of the source
        return {number: json.loads(text) for number, text in self._store.rows(sql, call.account)}

    def shown(self, call: MailCall, numbers: list[int], arguments: JSON) -> dict[int, JSON]:
        found = self._all(call)
        return {number: found[number] for number in numbers if number in found}

    def found(self, call: MailCall, arguments: JSON) -> Generator[int]:
        wanted: JSON = arguments.get("filter") or {}
        for card in self._all(call, _order(arguments.get("sort") or [])).items():
            if all(_matches(card[1], name, value) for name, value in wanted.items()):
                yield card[0]

    def create(self, call: MailCall, value: JSON) -> JSON:
        document = {"@type": "Card", "version": "1.0"} | value
        _check(document)
        with self._log.commit(call.account) as commit:
            number = self._store.next_number(call.account, "contact")
            sql = "INSERT INTO contact_cards VALUES (?, ?, ?, ?)"
            self._store.run(sql, call.account, number, _now(), json.dumps(document))
            commit.note(self.name, number, "created")
        return {"id": ids.encode(number)}

    def update(self, call: MailCall, number: int, patch: JSON) -> JSON | None:
        known = self._all(call).get(number)
        if known is None:
            raise not_found()
        _check(document := patched(known, patch))
        with self._log.commit(call.account) as commit:
            sql = "UPDATE contact_cards SET updated = ?, document = ? WHERE account_id = ? AND id = ?"
            self._store.run(sql, _now(), json.dumps(document), call.account, number)
            commit.note(self.name, number, "updated")
        return None

    def destroy(self, call: MailCall, number: int, arguments: JSON) -> None:
        if number not in self._all(call):
            raise not_found()
        with self._log.commit(call.account) as commit:
            self._store.run("DELETE FROM contact_cards WHERE account_id = ? AND id = ?", call.account, number)
            commit.note(self.name, number, "destroyed")


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _check(document: JSON) -> None:
    """Raises SetError."""
    if document.get("addressBookIds") != {ids.encode(_BOOK): True}:
        raise invalid("addressBookIds", description="A contact needs an address book that exists.")
    for name in ("name", "emails", "members"):
        if not is_object(document.get(name, {})):
            raise invalid(name, description="Invalid property or value.")


def _order(sort: list[Any]) -> str:
    parts = [f"{_column(each)} {'ASC' if each.get('isAscending', True) else 'DESC'}" for each in sort]
    return ", ".join([*parts, "id"])


def _column(comparator: JSON) -> str:
    name = comparator.get("property")
    if not isinstance(name, str) or name not in _SORTED:
        raise MethodError("unsupportedSort", str(name))
    return _SORTED[name]


def _matches(card: JSON, name: str, value: Any) -> bool:
    """Whole words, whatever their case, as in Stalwart's index: of a name it knows only the components."""
    match name:
        case "inAddressBook":
            return value in card["addressBookIds"]
        case "hasMember":
            return value in card.get("members", {})
        case "text":
            return _words(value) <= _words(*_names(card), *_texts(card.get("emails")))
        case "name":
            return _words(value) <= _words(*_names(card))
        case "email":
            return _words(value) <= _words(*_texts(card.get("emails")))
        case _:
            raise MethodError("unsupportedFilter", name)


def _names(card: JSON) -> list[str]:
    return _texts(card.get("name", {}).get("components"))


def _texts(value: Any) -> list[str]:
    if is_object(value):
        return [text for inner in value.values() for text in _texts(inner)]
    if is_list(value):
        return [text for inner in value for text in _texts(inner)]
    return [value] if isinstance(value, str) else []


def _words(*texts: object) -> set[str]:
    return set(_WORD.findall(" ".join(map(str, texts)).casefold()))
