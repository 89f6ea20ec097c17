"""`x:Account`: mailboxes and their addresses. `account_document` defines what a document may hold."""

import json
import random
import sqlite3
from collections.abc import Callable
from itertools import dropwhile

from postroom_sandbox.stalwart import ids, passwords, permissions
from postroom_sandbox.stalwart.account_document import checked
from postroom_sandbox.stalwart.address import words
from postroom_sandbox.stalwart.credentials import next_number
from postroom_sandbox.stalwart.domains import Domains
from postroom_sandbox.stalwart.errors import SetError, server_set, violation
from postroom_sandbox.stalwart.json_pointer import patched
from postroom_sandbox.stalwart.json_value import JSON
from postroom_sandbox.stalwart.object_type import Call, Condition, ObjectType
from postroom_sandbox.stalwart.roles import Roles
from postroom_sandbox.stalwart.store import Store

_CONDITIONS = {"name": "name = ?", "@type": "'User' = ?", "memberGroupIds": "NULL = ?", "memberTenantId": "NULL = ?"}
_PASSWORD: JSON = {"secret": passwords.MASK, "expiresAt": None, "allowedIps": {}}


class Accounts(ObjectType):
    name = "Account"
    table = "accounts"

    def __init__(self, store: Store, domains: Domains, roles: Roles) -> None:
        super().__init__(store)
        self._domains = domains
        self._roles = roles
        self.created: list[Callable[[int, JSON], None]] = []
        """Called with each new account and its document, after it is stored."""

    def at(self, address: str) -> tuple[int, str] | None:
        """The account with this address, and the kind of the address. Disabled addresses belong to no account here."""
        local, _, domain = address.rpartition("@")
        sql = "SELECT account_id, kind FROM addresses WHERE name = ? AND domain_id = ? AND kind <> 'disabled'"
        row = self._store.row(sql, local, self._domains.number(domain))
        return (row[0], row[1]) if row else None

    def addresses(self, number: int) -> list[str]:
        """The addresses that receive mail, the primary one first."""
        sql = """
            SELECT a.name || '@' || d.name FROM addresses a JOIN domains d ON d.id = a.domain_id
            WHERE a.account_id = ? AND a.kind <> 'disabled' ORDER BY a.kind = 'primary' DESC, a.name"""
        return [address for (address,) in self._store.rows(sql, number)]

    def identity(self, number: int) -> tuple[str, frozenset[str]]:
        """The primary address and the permissions of an existing account."""
        ((text,),) = self._store.rows("SELECT document FROM accounts WHERE id = ?", number)
        document = json.loads(text)
        return self._address(document), self._permissions(document)

    def revision(self, number: int) -> int | None:
        """Another number after each change of the account's permissions or credentials; None if it does not exist."""
        row = self._store.row("SELECT revision FROM accounts WHERE id = ?", number)
        return row[0] if row else None

    def _address(self, document: JSON) -> str:
        return f"{document['name']}@{self._domains.name_of(document['domainId'])}"

    def _permissions(self, document: JSON) -> frozenset[str]:
        match document["roles"]:
            case {"@type": "User"}:
                granted = permissions.USER
            case {"@type": "Admin"}:
                granted = permissions.ADMIN
            case roles:
                granted = self._roles.granted(roles["roleIds"])
        return permissions.of_account(granted, document["permissions"])

    def condition(self, name: str, value: str) -> Condition | None:
        """There is no filter for an e-mail address, and `name` does not match aliases: use the text index instead."""
        if name == "domainId":
            return "domain_id = ?", (ids.decode(value),)
        if name == "text":
            return self._text(value)
        return (_CONDITIONS[name], (value,)) if name in _CONDITIONS else None

    def _text(self, value: str) -> Condition:
        """All words must occur, except unknown words at the beginning, which are ignored as in Stalwart: "unknown
        alice" finds alice, "alice unknown" finds nothing."""
        rest = list(dropwhile(self._occurs_nowhere, words(value)))
        one = "id IN (SELECT account_id FROM words WHERE word = ?)"
        return " AND ".join([one] * len(rest)) or "FALSE", tuple(rest)

    def _occurs_nowhere(self, word: str) -> bool:
        return self._store.row("SELECT 1 FROM words WHERE word = ?", word) is None

    def shown(self, call: Call, number: int) -> JSON | None:
        document = self.document(call, number)
        if document is None:
            return None
        return document | {
            "credentials": self._credentials(number),
            "emailAddress": self._address(document),
            "usedDiskQuota": self.used(number),
        }

    def used(self, number: int) -> int:
        """The size of the account's mail in bytes."""
        row = self._store.row("SELECT used FROM mail_accounts WHERE account_id = ?", number)
        return row[0] if row else 0

    def _credentials(self, number: int) -> JSON:
        """Password, app passwords and keys, with masked secrets."""
        sql = "SELECT id, name, document FROM credentials WHERE account_id = ? ORDER BY id"
        entries = [
            json.loads(document) | {"credentialId": ids.encode(credential_id), "@type": name}
            for credential_id, name, document in self._store.rows(sql, number)
        ]
        return {str(position): entry for position, entry in enumerate(entries)}

    def create(self, call: Call, value: JSON) -> JSON:
        document, credentials = checked(value)
        if any("credentialId" in entry for entry in credentials):
            raise server_set("credentials/credentialId")
        hashes = [passwords.hashed(entry.get("secret", "")) for entry in credentials]
        self._check_domains(document)
        permissions.check_grant(self._permissions(document), call.access.permissions)
        document["createdAt"] = self._store.now()
        with self._store.transaction():
            sql = "INSERT INTO accounts (name, domain_id, document) VALUES (?, ?, ?)"
            number = self._store.run(sql, *_columns(document))
            self._index(number, document)
            for entry, stored in zip(credentials, hashes, strict=True):
                self._keep_password(number, 0, stored, entry["allowedIps"])
        for listener in self.created:
            listener(number, document)
        return {"id": ids.encode(number)}

    def update(self, call: Call, number: int, patch: JSON) -> None:
        old = self.shown(call, number) or {}
        created_at = {name: old.pop(name) for name in ("createdAt", "emailAddress", "usedDiskQuota")}["createdAt"]
        new = patched(old, patch)
        if new["@type"] != old["@type"]:
            description = "Cannot change the type of an existing account."
            raise SetError("invalidProperties", description, properties=["@type"])
        document, credentials = checked(new)
        self._check_domains(document)
        if (document["roles"], document["permissions"]) != (old["roles"], old["permissions"]):
            permissions.check_grant(self._permissions(document), call.access.permissions)
        document["createdAt"] = created_at
        with self._store.transaction():
            sql = "UPDATE accounts SET name = ?, domain_id = ?, document = ? WHERE id = ?"
            self._store.run(sql, *_columns(document), number)
            self._store.run("DELETE FROM addresses WHERE account_id = ?", number)
            self._store.run("DELETE FROM words WHERE account_id = ?", number)
            self._index(number, document)
            self._replace_credentials(number, credentials)

    def destroy(self, call: Call, number: int) -> None:
        self._store.run("DELETE FROM accounts WHERE id = ?", number)

    def _check_domains(self, document: JSON) -> None:
        for owner in (document, *document["aliases"].values()):
            if self._domains.name_of(owner["domainId"]) is None:
                raise SetError("invalidForeignKey", objectId={"object": "Domain", "id": owner["domainId"]})

    def _index(self, number: int, document: JSON) -> None:
        """Reserve every address, including disabled ones, and fill the text index."""
        claimed = {(document["name"], document["domainId"]): "primary"}
        for alias in sorted(document["aliases"].values(), key=lambda alias: not alias["enabled"]):
            claimed.setdefault((alias["name"], alias["domainId"]), "alias" if alias["enabled"] else "disabled")
        # In random order, as in Stalwart: if two accounts hold requested addresses, the error may name either.
        for name, domain in random.sample(list(claimed), len(claimed)):
            self._claim(number, name, ids.decode(domain), claimed[name, domain])
        for word in words(document["description"], *(name for name, _ in claimed)):
            self._store.run("INSERT INTO words (word, account_id) VALUES (?, ?)", word, number)

    def _claim(self, number: int, name: str, domain: int | None, kind: str) -> None:
        try:
            sql = "INSERT INTO addresses (name, domain_id, account_id, kind) VALUES (?, ?, ?, ?)"
            self._store.run(sql, name, domain, number, kind)
        except sqlite3.IntegrityError:
            sql = "SELECT account_id FROM addresses WHERE name = ? AND domain_id = ?"
            ((holder,),) = self._store.rows(sql, name, domain)
            raise violation("email", "Account", ids.encode(holder)) from None

    def _replace_credentials(self, number: int, credentials: list[JSON]) -> None:
        """Delete all credentials that the new list does not contain, including app passwords and keys."""
        kept = {ids.decode(entry.get("credentialId")) for entry in credentials}
        changed = [entry for entry in credentials if entry.get("secret") != passwords.MASK]
        for credential_id, name in self._store.rows("SELECT id, name FROM credentials WHERE account_id = ?", number):
            if credential_id not in kept or (changed and name == "Password"):
                self._store.run("DELETE FROM credentials WHERE account_id = ? AND id = ?", number, credential_id)
        for entry in changed:
            credential_id = ids.decode(entry.get("credentialId")) or next_number(self._store, number)
            self._keep_password(number, credential_id, passwords.hashed(entry.get("secret", "")), entry["allowedIps"])
        for entry in credentials:
            if entry not in changed:
                sql = """
                    UPDATE credentials SET document = json_set(document, '$.allowedIps', json(?))
                    WHERE account_id = ? AND id = ?"""
                allowed_ips, credential_id = json.dumps(entry["allowedIps"]), ids.decode(entry.get("credentialId"))
                self._store.run(sql, allowed_ips, number, credential_id)

    def _keep_password(self, number: int, credential_id: int, stored: str, allowed_ips: JSON) -> None:
        sql = "INSERT INTO credentials (account_id, id, name, secret, document) VALUES (?, ?, 'Password', ?, ?)"
        self._store.run(sql, number, credential_id, stored, json.dumps(_PASSWORD | {"allowedIps": allowed_ips}))


def _columns(document: JSON) -> tuple[str, int | None, str]:
    return document["name"], ids.decode(document["domainId"]), json.dumps(document)
