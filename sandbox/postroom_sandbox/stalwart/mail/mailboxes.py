"""Mailbox/get, changes, query, queryChanges and set (RFC 8621 §2)."""

from collections.abc import Callable, Generator
from typing import Any

from postroom_sandbox.stalwart import ids
from postroom_sandbox.stalwart.errors import SetError
from postroom_sandbox.stalwart.json_pointer import created_id
from postroom_sandbox.stalwart.json_value import JSON, is_count, is_flag, is_text
from postroom_sandbox.stalwart.mail import query_filters
from postroom_sandbox.stalwart.mail.change_log import ChangeLog
from postroom_sandbox.stalwart.mail.data_type import DataType, MailCall, check_values, invalid, not_found
from postroom_sandbox.stalwart.mail.email_store import EmailStore
from postroom_sandbox.stalwart.mail.mailbox_store import FIRST, MailboxStore
from postroom_sandbox.stalwart.object_type import Condition
from postroom_sandbox.stalwart.store import Store

_RIGHTS = dict.fromkeys(
    [
        *("mayReadItems", "mayAddItems", "mayRemoveItems", "maySetSeen", "maySetKeywords"),
        *("mayCreateChild", "mayRename", "maySubmit", "mayDelete", "mayShare"),
    ],
    True,
)
_ROLES = {"inbox", "trash", "junk", "drafts", "sent", "archive", "important", "flagged", "all", "subscribed"}
_MAX_NAME_LENGTH = 255  # bytes
_MAX_DEPTH = 10
_PERMANENT = set(list(FIRST)[:3])  # inbox, trash and junk cannot be destroyed
_COLUMNS = {"name": "name COLLATE NOCASE", "sortOrder": "sort_order", "parentId": "parent_id"}
_COUNTS = "SELECT id, total_emails, unread_emails, total_threads, unread_threads FROM mailboxes WHERE account_id = ?"
_VALIDATORS: dict[str, Callable[[Any], bool]] = {
    "name": lambda value: is_text(value) and 0 < len(value.strip().encode()) <= _MAX_NAME_LENGTH,
    "parentId": lambda value: value is None or is_text(value),
    "role": lambda value: value is None or (is_text(value) and value in _ROLES),
    "sortOrder": lambda value: is_count(value) and value < 2**31,
    "isSubscribed": is_flag,
}
_COUNTED = ("totalEmails", "unreadEmails", "totalThreads", "unreadThreads")


class Mailboxes(DataType):
    name = "Mailbox"

    def __init__(self, store: Store, log: ChangeLog, folders: MailboxStore, mail: EmailStore) -> None:
        super().__init__(store, log)
        self._folders = folders
        self._mail = mail

    def all_ids(self, call: MailCall) -> list[int]:
        return list(self._all(call.account))

    def _all(self, account: int) -> dict[int, JSON]:
        sql = """
            SELECT id, name, parent_id, role, sort_order, is_subscribed FROM mailboxes
            WHERE account_id = ? ORDER BY id"""
        return {
            number: {
                "name": name,
                "parentId": None if parent is None else ids.encode(parent),
                "role": role,
                "sortOrder": sort_order,
                "isSubscribed": bool(subscribed),
            }
            for number, name, parent, role, sort_order, subscribed in self._store.rows(sql, account)
        }

    def shown(self, call: MailCall, numbers: list[int], arguments: JSON) -> dict[int, JSON]:
        counts = {row[0]: row[1:] for row in self._store.rows(_COUNTS, call.account)}
        mailboxes = self._all(call.account)
        return {
            number: mailboxes[number] | dict(zip(_COUNTED, counts[number], strict=True)) | {"myRights": _RIGHTS}
            for number in numbers
            if number in mailboxes
        }

    def found(self, call: MailCall, arguments: JSON) -> Generator[int]:
        where, values = query_filters.condition(arguments.get("filter") or {}, _leaf)
        order, more = query_filters.order(arguments.get("sort") or [], _column, "id")
        sql = f"SELECT id FROM mailboxes WHERE account_id = ? AND ({where}) ORDER BY {order}"  # noqa: S608 - of the source
        result = [number for (number,) in self._store.rows(sql, call.account, *values, *more)]
        parents = {number: ids.decode(box["parentId"]) for number, box in self._all(call.account).items()}
        if arguments.get("filterAsTree"):
            result = [number for number in result if parents[number] is None or parents[number] in result]
        yield from _as_tree(result, parents) if arguments.get("sortAsTree") else result

    def create(self, call: MailCall, value: JSON) -> JSON:
        box: JSON = {"name": "", "parentId": None, "role": None, "sortOrder": 0, "isSubscribed": False}
        self._check(call, box := box | value, None)
        with self._log.commit(call.account) as commit:
            number = self._store.next_number(call.account, "mailbox")
            sql = """
                INSERT INTO mailboxes (account_id, id, name, parent_id, role, sort_order, is_subscribed)
                VALUES (?, ?, ?, ?, ?, ?, ?)"""
            self._store.run(sql, call.account, number, *self._columns(call, box))
            commit.note("Mailbox", number, "created")
        return {"id": ids.encode(number)}

    def update(self, call: MailCall, number: int, patch: JSON) -> JSON | None:
        known = self._all(call.account).get(number)
        if known is None:
            raise not_found()
        self._check(call, box := known | patch, number)
        if box != known:
            with self._log.commit(call.account) as commit:
                sql = """
                    UPDATE mailboxes SET name = ?, parent_id = ?, role = ?, sort_order = ?, is_subscribed = ?
                    WHERE account_id = ? AND id = ?"""
                self._store.run(sql, *self._columns(call, box), call.account, number)
                commit.note("Mailbox", number, "updated")
        return None

    def destroy(self, call: MailCall, number: int, arguments: JSON) -> None:
        account = call.account
        if not self._folders.exists(account, number):
            raise not_found()
        if number in _PERMANENT:
            raise SetError("forbidden", "You are not allowed to delete Inbox, Junk or Trash folders.")
        if self._store.row("SELECT 1 FROM mailboxes WHERE account_id = ? AND parent_id = ?", account, number):
            raise SetError("mailboxHasChild", "Mailbox has at least one children.")
        held = self._store.rows(
            "SELECT row, thread_id << 32 | document_id FROM email_mailboxes WHERE account_id = ? AND mailbox_id = ?",
            account,
            number,
        )
        if held and arguments.get("onDestroyRemoveEmails") is not True:
            raise SetError("mailboxHasEmail", "Mailbox is not empty.")
        for row, email in held:
            if others := self._mail.mailboxes(row) - {number}:
                self._mail.change(account, email, row, others, self._mail.keywords(row))
            else:
                self._mail.destroy(account, email, row)
        with self._log.commit(account) as commit:
            self._store.run("DELETE FROM mailboxes WHERE account_id = ? AND id = ?", account, number)
            commit.note("Mailbox", number, "destroyed")

    def _columns(self, call: MailCall, box: JSON) -> tuple[object, ...]:
        return box["name"], self._parent(call, box), box["role"], box["sortOrder"], box["isSubscribed"]

    def _parent(self, call: MailCall, box: JSON) -> int | None:
        text = box["parentId"]
        if text is None:
            return None
        number = ids.decode(created_id(text, call.created))
        if not self._folders.exists(call.account, number):
            raise SetError("invalidProperties", "Parent ID does not exist.")
        return number

    def _check(self, call: MailCall, box: JSON, number: int | None) -> None:
        """Raises SetError. `number` is None for a new mailbox."""
        check_values(box, _VALIDATORS)
        box["name"] = box["name"].strip()
        mailboxes = self._all(call.account)
        parent = self._parent(call, box)
        others = [other for key, other in mailboxes.items() if key != number]
        if any(other["role"] == box["role"] is not None for other in others):
            raise invalid("role", description=f"A mailbox with role '{box['role']}' already exists.")
        place = (box["name"].lower(), None if parent is None else ids.encode(parent))
        twins = [key for key, other in mailboxes.items() if (other["name"].lower(), other["parentId"]) == place]
        if twins and (number is None or mailboxes[number]["name"] != box["name"]):  # a move may duplicate a name
            raise SetError(
                "alreadyExists",
                f"A mailbox with name '{box['name']}' already exists.",
                existingId=ids.encode(twins[0]),
            )
        depth = 1
        while parent is not None:
            depth += 1
            if parent == number:
                raise invalid("parentId", description="Mailbox cannot be a parent of itself.")
            if depth > _MAX_DEPTH:
                raise invalid("parentId", description="Mailbox parent chain is too deep.")
            parent = ids.decode(mailboxes[parent]["parentId"])


def _leaf(name: str, value: Any) -> Condition | None:
    match name:
        case "parentId":
            return "parent_id IS ?", (ids.decode(value),)
        case "name" if isinstance(value, str):
            return "instr(lower(name), lower(?)) > 0", (value,)
        case "role" if value is None or isinstance(value, str):
            return "role IS ?", (value,)
        case "hasAnyRole" if isinstance(value, bool):
            return f"role IS {'NOT ' if value else ''}NULL", ()
        case "isSubscribed" if isinstance(value, bool):
            return "is_subscribed = ?", (value,)
        case _:
            return None


def _column(comparator: JSON) -> Condition | None:
    name = comparator.get("property")
    return (_COLUMNS[name], ()) if name in _COLUMNS else None


def _as_tree(result: list[int], parents: dict[int, int | None]) -> list[int]:
    """Children directly after their parent, each level in its order. A mailbox without a parent in the result is at the
    top level."""
    ordered: list[int] = []

    def add(level: list[int]) -> None:
        for number in level:
            ordered.append(number)
            add([child for child in result if parents[child] == number])

    add([number for number in result if parents[number] not in result])
    return ordered
