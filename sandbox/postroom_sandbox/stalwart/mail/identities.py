"""Identity/get, changes and set (RFC 8621 §6). Identity/get first makes the identities follow the addresses."""

import json
from collections.abc import Callable
from typing import Any

from postroom_sandbox.stalwart import ids
from postroom_sandbox.stalwart.accounts import Accounts
from postroom_sandbox.stalwart.errors import SetError
from postroom_sandbox.stalwart.json_value import JSON, is_list, is_object
from postroom_sandbox.stalwart.mail.change_log import ChangeLog
from postroom_sandbox.stalwart.mail.data_type import DataType, MailCall, check_values, invalid, not_found
from postroom_sandbox.stalwart.store import Store

_DEFAULTS: JSON = {"name": "", "replyTo": None, "bcc": None, "textSignature": "", "htmlSignature": ""}
_MAX_IDENTITIES = 20


def _fits(value: Any, octets: int) -> bool:
    return isinstance(value, str) and len(value.encode("utf-8", "replace")) <= octets


def _is_address(value: Any) -> bool:
    """Stalwart checks that there is something, not that it is an address."""
    if not is_object(value) or value.keys() - {"name", "email"}:
        return False
    email, name = value.get("email"), value.get("name")
    return bool(email) and _fits(email, 254) and (name is None or _fits(name, 254))


def _is_addresses(value: Any) -> bool:
    return value is None or (is_list(value) and all(map(_is_address, value)))


_VALIDATORS: dict[str, Callable[[Any], bool]] = {
    "name": lambda value: value is None or _fits(value, 254),
    **dict.fromkeys(("textSignature", "htmlSignature"), lambda value: value is None or _fits(value, 2047)),
    **dict.fromkeys(("replyTo", "bcc"), _is_addresses),
}


def _checked(value: JSON) -> JSON:
    """The properties as they are stored. Raises SetError."""
    check_values(value, _VALIDATORS)
    return {name: _DEFAULTS[name] if stated is None else _stored(stated) for name, stated in value.items()}


def _stored(value: Any) -> Any:
    return [{"name": each.get("name"), "email": each["email"]} for each in value] if is_list(value) else value


class Identities(DataType):
    name = "Identity"
    returns_old_state = False

    def __init__(self, store: Store, log: ChangeLog, accounts: Accounts) -> None:
        super().__init__(store, log)
        self._accounts = accounts

    def all_ids(self, call: MailCall) -> list[int]:
        self._follow_addresses(call.account)
        return list(self._all(call.account))

    def shown(self, call: MailCall, numbers: list[int], arguments: JSON) -> dict[int, JSON]:
        self._follow_addresses(call.account)
        found = self._all(call.account)
        return {number: found[number] | {"mayDelete": True} for number in numbers if number in found}

    def document(self, account: int, number: int | None) -> JSON | None:
        return None if number is None else self._all(account).get(number)

    def _all(self, account: int) -> dict[int, JSON]:
        sql = "SELECT id, document FROM identities WHERE account_id = ? ORDER BY id"
        return {number: json.loads(document) for number, document in self._store.rows(sql, account)}

    def _follow_addresses(self, account: int) -> None:
        """Make an identity for each address without one, and remove those whose address the account has no more.

        Stalwart does so only if the addresses are others than last time. Until then, an identity that a person removed
        stays removed.
        """
        sql = "SELECT identity_addresses, document FROM mail_accounts JOIN accounts ON id = account_id WHERE id = ?"
        followed, document = self._store.row(sql, account) or (None, None)
        addresses = sorted(self._accounts.addresses(account), reverse=True)  # the main one is not always the first
        if document is None or followed == (now := json.dumps(addresses)):
            return
        name = json.loads(document)["description"]
        known = {number: identity["email"] for number, identity in self._all(account).items()}
        with self._log.commit(account) as commit:
            for address in addresses:
                if address not in known.values():
                    number = self._insert(account, _DEFAULTS | {"name": name or address, "email": address})
                    commit.note("Identity", number, "created")
            for number, address in known.items():
                if address not in addresses:
                    self._store.run("DELETE FROM identities WHERE account_id = ? AND id = ?", account, number)
                    commit.note("Identity", number, "destroyed")
            self._store.run("UPDATE mail_accounts SET identity_addresses = ? WHERE account_id = ?", now, account)

    def _insert(self, account: int, document: JSON) -> int:
        number = self._store.next_number(account, "identity")
        self._store.run("INSERT INTO identities VALUES (?, ?, ?)", account, number, json.dumps(document))
        return number

    def create(self, call: MailCall, value: JSON) -> JSON:
        email = value.get("email")
        if not email:
            raise invalid("email", description="Missing e-mail address.")
        if not isinstance(email, str) or email.lower() not in self._accounts.addresses(call.account):
            raise invalid("email", description="E-mail address not configured for this account.")
        document = _DEFAULTS | _checked({name: each for name, each in value.items() if name != "email"})
        if len(self._all(call.account)) >= _MAX_IDENTITIES:
            description = "There are too many identities, please delete some before adding a new one."
            raise SetError("overQuota", description)
        with self._log.commit(call.account) as commit:
            number = self._insert(call.account, document | {"email": email.lower()})
            commit.note("Identity", number, "created")
        return {"id": ids.encode(number)}

    def update(self, call: MailCall, number: int, patch: JSON) -> JSON | None:
        known = self._all(call.account).get(number)
        if known is None:
            raise not_found()
        if patch.get("id", ids.encode(number)) != ids.encode(number):
            raise invalid("id", description="The id property is immutable.")
        document = known | _checked({name: value for name, value in patch.items() if name != "id"})
        with self._log.commit(call.account) as commit:
            sql = "UPDATE identities SET document = ? WHERE account_id = ? AND id = ?"
            self._store.run(sql, json.dumps(document), call.account, number)
            commit.note("Identity", number, "updated")
        return None

    def destroy(self, call: MailCall, number: int, arguments: JSON) -> None:
        if number not in self._all(call.account):
            raise not_found()
        with self._log.commit(call.account) as commit:
            self._store.run("DELETE FROM identities WHERE account_id = ? AND id = ?", call.account, number)
            commit.note("Identity", number, "destroyed")
