"""`x:AppPassword` and `x:ApiKey`, which differ only in the form of the secret and in their limit."""

import base64
import json
import secrets
from datetime import UTC, datetime
from typing import Any, Literal

from postroom_sandbox.stalwart import ids, permissions
from postroom_sandbox.stalwart.credential_networks import checked_networks
from postroom_sandbox.stalwart.errors import (
    SetError,
    invalid_patch,
    not_offered,
    server_set,
)
from postroom_sandbox.stalwart.json_pointer import patched
from postroom_sandbox.stalwart.json_value import JSON
from postroom_sandbox.stalwart.object_type import Call, Condition, ObjectType, completed
from postroom_sandbox.stalwart.passwords import MASK, digest
from postroom_sandbox.stalwart.store import Store

_PER_ACCOUNT = 5
_PERMISSIONS = {"Inherit": (), "Disable": ("permissions",), "Replace": ("permissions",)}
_DEFAULTS: JSON = {
    "description": None,
    "expiresAt": None,
    "permissions": {"@type": "Inherit"},
    "allowedIps": {},
}


def expired(document: JSON, now: str) -> bool:
    """Whether a credential has expired. `now` is a UTCDate, too, so they can be compared as text."""
    return document["expiresAt"] is not None and document["expiresAt"] <= now


def next_number(store: Store, account: int) -> int:
    """One more than the highest number in use. Password, app passwords and keys of an account share the numbers."""
    sql = "SELECT coalesce(max(id), 0) + 1 FROM credentials WHERE account_id = ?"
    ((number,),) = store.rows(sql, account)
    return number


class Credentials(ObjectType):
    table = "credentials"

    def __init__(self, store: Store, name: Literal["AppPassword", "ApiKey"]) -> None:
        super().__init__(store)
        self.name = name

    def scope(self, call: Call) -> Condition:
        return "account_id = ? AND name = ?", (call.account, self.name)

    def listed(self, call: Call) -> Condition:
        """All credentials: Stalwart names those of other kinds in `notFound`."""
        return "account_id = ?", (call.account,)

    def create(self, call: Call, value: JSON) -> JSON:
        return self.make(call, value, secret=None)

    def make(self, call: Call, value: JSON, secret: str | None) -> JSON:
        """Like `create`, but with a given secret, for the key that the trial has drawn itself."""
        if "secret" in value:
            raise server_set("secret")
        document = completed(value, _DEFAULTS, "description") | {"secret": MASK, "createdAt": self._store.now()}
        document["allowedIps"] = checked_networks(document["allowedIps"], "allowedIps")
        document["expiresAt"] = _utc_date(document["expiresAt"])
        document["permissions"] = permissions.variant(document["permissions"], _PERMISSIONS)
        if document["permissions"]["@type"] == "Replace":
            permissions.check_grant(document["permissions"]["permissions"], call.access.permissions)
        with self._store.transaction():
            self._check_quota(call.account)
            number = next_number(self._store, call.account)
            secret = secret or self._new_secret(call.account, number)
            sql = "INSERT INTO credentials (account_id, id, name, secret, document) VALUES (?, ?, ?, ?, ?)"
            self._store.run(sql, call.account, number, self.name, digest(secret), json.dumps(document))
        return {"id": ids.encode(number), "secret": secret}

    def _new_secret(self, account: int, number: int) -> str:
        """Stalwart finds the credential by the id at its beginning; the stand-in finds it by its digest."""
        if self.name == "AppPassword":
            return "app_" + ids.base32(number.to_bytes(4, "big") + secrets.token_bytes(18))
        raw = account.to_bytes(4, "big") + number.to_bytes(4, "big") + secrets.token_bytes(20)
        return "API_" + base64.urlsafe_b64encode(raw).decode().rstrip("=")

    def _check_quota(self, account: int) -> None:
        row = self._store.row("SELECT document FROM accounts WHERE id = ?", account)
        if row is None:
            raise SetError("notFound")
        words, quota = {
            "AppPassword": ("app passwords", "maxAppPasswords"),
            "ApiKey": ("API keys", "maxApiKeys"),
        }[self.name]
        allowed = json.loads(row[0])["quotas"].get(quota, _PER_ACCOUNT)
        sql = "SELECT count(*) FROM credentials WHERE account_id = ? AND name = ?"
        ((count,),) = self._store.rows(sql, account, self.name)
        if count >= allowed:
            raise SetError("overQuota", f"You have exceeded your quota of {allowed} {words}.")

    def update(self, call: Call, number: int, patch: JSON) -> None:
        old = self.document(call, number) or {}
        new = patched(old, patch)
        new["allowedIps"] = checked_networks(new["allowedIps"], "allowedIps")
        if any(new[name] != old[name] for name in old.keys() - {"allowedIps", "description"}):
            raise not_offered("changes of credentials other than of their addresses and description")
        sql = "UPDATE credentials SET document = ? WHERE account_id = ? AND id = ?"
        self._store.run(sql, json.dumps(new), call.account, number)

    def destroy(self, call: Call, number: int) -> None:
        self._store.run("DELETE FROM credentials WHERE account_id = ? AND id = ?", call.account, number)


def _utc_date(value: Any) -> str | None:
    """The date as it is stored: in UTC, without fractions of a second."""
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise invalid_patch("expiresAt", "Failed to parse UTCDateTime from string")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
