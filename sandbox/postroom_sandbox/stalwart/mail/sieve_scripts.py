"""SieveScript/get, query, set and validate (RFC 9661). `sieve_run.py` runs them."""

import secrets
from collections.abc import Generator
from typing import Any

from postroom_sandbox.stalwart import ids
from postroom_sandbox.stalwart.errors import SetError
from postroom_sandbox.stalwart.json_pointer import created_id
from postroom_sandbox.stalwart.json_value import JSON, is_flag, is_text
from postroom_sandbox.stalwart.mail import query_filters
from postroom_sandbox.stalwart.mail.blobs import Blobs, message_id, read_id
from postroom_sandbox.stalwart.mail.change_log import ChangeLog
from postroom_sandbox.stalwart.mail.data_type import DataType, MailCall, invalid, not_found
from postroom_sandbox.stalwart.mail.sieve_syntax import InvalidScript, TooLarge, check
from postroom_sandbox.stalwart.object_type import Condition
from postroom_sandbox.stalwart.standard_methods import objects
from postroom_sandbox.stalwart.store import Store

VACATION = "vacation"
"""The name of the script for the vacation response."""

_MAX_SCRIPTS = 100
_MAX_NAME_LENGTH = 512
_REFUSED = ("notCreated", "notUpdated", "notDestroyed")
_ACTIVE = "id IS (SELECT active_script FROM mail_accounts a WHERE a.account_id = s.account_id)"
_ORDERS = {"name": "lower(name)", "isActive": f"NOT ({_ACTIVE})"}


class SieveScripts(DataType):
    name = "SieveScript"

    def __init__(self, store: Store, log: ChangeLog, blobs: Blobs) -> None:
        super().__init__(store, log)
        self._blobs = blobs

    # Storage, also used by the vacation response

    def named(self, account: int, name: str) -> int | None:
        """The script with this name. Like Stalwart, it compares the stored name in lower case with `name` as given."""
        sql = "SELECT id FROM sieve_scripts WHERE account_id = ? AND lower(name) = ? ORDER BY id"
        row = self._store.row(sql, account, name)
        return row[0] if row else None

    def active(self, account: int) -> int | None:
        row = self._store.row("SELECT active_script FROM mail_accounts WHERE account_id = ?", account)
        return row[0] if row else None

    def activate(self, account: int, number: int | None) -> None:
        """Make this the only active script. This changes no state."""
        self._store.run("UPDATE mail_accounts SET active_script = ? WHERE account_id = ?", number, account)

    def keep(self, account: int, name: str, content: bytes, number: int | None = None, also: str | None = None) -> int:
        """Store the script as `number`, or as a new one, and return its number. `also` is another type whose state
        changes."""
        with self._log.commit(account) as commit:
            digest, verb = self._blobs.put(content), "created" if number is None else "updated"
            number = self._store.next_number(account, "script") if number is None else number
            sql = """
                INSERT INTO sieve_scripts (account_id, id, name, digest) VALUES (?, ?, ?, ?)
                ON CONFLICT (account_id, id) DO UPDATE SET name = excluded.name, digest = excluded.digest"""
            self._store.run(sql, account, number, name, digest)
            commit.note(self.name, number, verb)
            if also:
                commit.note_type(also)
        return number

    # The methods

    def all_ids(self, call: MailCall) -> list[int]:
        return [number for (number,) in self._rows(call, "id", "TRUE", "id")]

    def shown(self, call: MailCall, numbers: list[int], arguments: JSON) -> dict[int, JSON]:
        rows = self._rows(call, f"id, name, digest, {_ACTIVE}", "TRUE", "id")
        scripts = {
            number: {"name": name, "blobId": message_id(digest), "isActive": bool(is_active)}
            for number, name, digest, is_active in rows
        }
        return {number: scripts[number] for number in numbers if number in scripts}

    def found(self, call: MailCall, arguments: JSON) -> Generator[int]:
        where, values = query_filters.condition(arguments.get("filter") or {}, _leaf)
        sort = arguments.get("sort") or [{"property": "name"}]
        order, _ = query_filters.order(sort, _column, "lower(name), id")
        yield from (number for (number,) in self._rows(call, "id", where, order, *values))

    def _rows(self, call: MailCall, what: str, where: str, order: str, *values: object) -> list[tuple[Any, ...]]:
        sql = f"SELECT {what} FROM sieve_scripts s WHERE account_id = ? AND {where} ORDER BY {order}"  # noqa: S608 - all constant
        return self._store.rows(sql, call.account, *values)

    def create(self, call: MailCall, value: JSON) -> JSON:
        if len(self.all_ids(call)) >= _MAX_SCRIPTS:
            description = "There are too many sieve scripts, please delete some before adding a new one."
            raise SetError("overQuota", description)
        name = self._name(call, value, None) or secrets.token_hex(8)
        if "blobId" not in value:
            raise invalid("blobId", description="Missing blobId.")
        number = self.keep(call.account, name, self._content(call, value))
        return {"id": ids.encode(number), "blobId": self._blob_id(call, number)}

    def update(self, call: MailCall, number: int, patch: JSON) -> JSON | None:
        row = self._store.row(
            "SELECT name, digest FROM sieve_scripts WHERE account_id = ? AND id = ?", call.account, number
        )
        if row is None:
            raise SetError("notFound")
        if row[0].lower() == VACATION:
            description = "The 'vacation' script cannot be modified, use VacationResponse/set instead."
            raise SetError("forbidden", description)
        name, before = self._name(call, patch, row[0]) or row[0], self._blob_id(call, number)
        changes = patch.get("blobId", before) != before
        content = self._content(call, patch) if changes else self._blobs.content(row[1])
        self.keep(call.account, name, content, number)
        return {"blobId": self._blob_id(call, number)} if changes else None

    def destroy(self, call: MailCall, number: int, arguments: JSON) -> None:
        if number not in self.all_ids(call):
            raise not_found()
        if number == self.active(call.account):
            raise SetError("scriptIsActive", "Deactivate Sieve script before deletion.")
        with self._log.commit(call.account) as commit:
            self._store.run("DELETE FROM sieve_scripts WHERE account_id = ? AND id = ?", call.account, number)
            self._blobs.sweep()
            commit.note(self.name, number, "destroyed")

    def set(self, call: MailCall, arguments: JSON) -> JSON:
        """One script's `isActive` may be set as well, which RFC 9661 does not allow."""
        response = super().set(call, arguments)
        if any(name in response for name in _REFUSED):
            return response
        creates, updates = objects(arguments, "create"), objects(arguments, "update")
        made = {response["created"][key]["id"]: value for key, value in creates.items()}
        stated = [(text, each["isActive"]) for text, each in (made | updates).items() if "isActive" in each]
        wanted = self._wanted(call, arguments)
        if wanted is not None:
            self.activate(call.account, wanted)
            for part, key in (("created", arguments["onSuccessActivateScript"][1:]), ("updated", ids.encode(wanted))):
                if key in response.get(part, {}):
                    response[part][key] = (response[part][key] or {}) | {"isActive": True}
        elif arguments.get("onSuccessDeactivateScript"):
            self.activate(call.account, None)
        elif len(stated) == 1:
            ((text, is_active),) = stated
            if is_active:
                self.activate(call.account, ids.decode(text))
            elif ids.decode(text) == self.active(call.account):
                self.activate(call.account, None)
        return response

    def _wanted(self, call: MailCall, arguments: JSON) -> int | None:
        """The script to activate; None if there is no such script."""
        text: str = arguments.get("onSuccessActivateScript") or ""
        number = ids.decode(call.created.get(text[1:], "") if text.startswith("#") else text)
        return number if number in self.all_ids(call) else None

    def validate(self, call: MailCall, arguments: JSON) -> JSON:
        content = self._blobs.read(call.access, arguments.get("blobId"))
        error: JSON | None = {"type": "blobNotFound"} if content is None else None
        try:
            check(content or b"")
        except InvalidScript as refusal:
            error = {"type": "invalidScript", "description": str(refusal)}
        return {"error": error}

    def _blob_id(self, call: MailCall, number: int) -> str:
        return self.shown(call, [number], {})[number]["blobId"]

    def _name(self, call: MailCall, value: JSON, before: str | None) -> str | None:
        """The new name of a created or updated script. Checks the other properties, too. Raises SetError."""
        if strange := value.keys() - {"name", "blobId", "isActive"}:
            raise invalid(*strange, description="Invalid property or value.")
        name = value.get("name")
        if not (name is None or is_text(name)):
            raise invalid("name", description="Invalid property or value.")
        if not is_flag(value.get("isActive", True)):
            raise invalid("isActive", description="Invalid property or value.")
        if name and len(name.encode()) > _MAX_NAME_LENGTH:
            raise invalid("name", description="Script name is too long.")
        if name and name.lower() == VACATION:
            description = "The 'vacation' name is reserved, please use a different name."
            raise SetError("forbidden", description, properties=["name"])
        if name and name != before and (number := self.named(call.account, name)) is not None:
            description = f"A sieve script with name '{name}' already exists."
            raise SetError("alreadyExists", description, existingId=ids.encode(number))
        return name

    def _content(self, call: MailCall, value: JSON) -> bytes:
        text = value["blobId"]
        text = created_id(text, call.created) if is_text(text) else text
        if read_id(text) is None:
            raise invalid("blobId", description="Invalid property or value.")
        content = self._blobs.read(call.access, text)
        if content is None:
            raise SetError("blobNotFound", "Blob does not exist.", properties=["blobId"])
        try:
            check(content)
        except InvalidScript as refusal:
            kind = "tooLarge" if isinstance(refusal, TooLarge) else "invalidScript"
            raise SetError(kind, str(refusal)) from None
        return content


def _leaf(name: str, value: Any) -> Condition | None:
    if name == "name" and is_text(value):
        return "instr(lower(name), ?) > 0", (value.lower(),)
    return ((_ACTIVE if value else f"NOT ({_ACTIVE})"), ()) if name == "isActive" and is_flag(value) else None


def _column(comparator: JSON) -> Condition | None:
    column = _ORDERS.get(comparator["property"])
    return (column, ()) if column else None
