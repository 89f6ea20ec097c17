"""Quota/get, query and changes (RFC 9425): one quota if the account has a `maxDiskQuota`, else none."""

import json
from collections.abc import Generator

from postroom_sandbox.stalwart.accounts import Accounts
from postroom_sandbox.stalwart.errors import MethodError
from postroom_sandbox.stalwart.json_value import JSON
from postroom_sandbox.stalwart.mail.change_log import ChangeLog
from postroom_sandbox.stalwart.mail.data_type import DataType, MailCall
from postroom_sandbox.stalwart.mail.email_store import EmailStore
from postroom_sandbox.stalwart.store import Store

_ONLY = 0
_STATE = "n"  # nobody is told of changes
_TYPES = ["Email", "SieveScript", "FileNode", "CalendarEvent", "ContactCard"]


class Quotas(DataType):
    name = "Quota"

    def __init__(self, store: Store, log: ChangeLog, accounts: Accounts, mail: EmailStore) -> None:
        super().__init__(store, log)
        self._accounts = accounts
        self._mail = mail

    def state(self, account: int) -> str:
        return _STATE

    def all_ids(self, call: MailCall) -> list[int]:
        return [_ONLY] if self._mail.quota(call.account) else []

    def shown(self, call: MailCall, numbers: list[int], arguments: JSON) -> dict[int, JSON]:
        limit = self._mail.quota(call.account)
        if not limit or _ONLY not in numbers:
            return {}
        ((document,),) = self._store.rows("SELECT document FROM accounts WHERE id = ?", call.account)
        quota = {"resourceType": "octets", "used": self._accounts.used(call.account), "hardLimit": limit}
        quota |= {"scope": "account", "name": call.access.name, "types": _TYPES}
        quota |= {"description": json.loads(document)["description"], "warnLimit": None, "softLimit": None}
        return {_ONLY: quota}

    def found(self, call: MailCall, arguments: JSON) -> Generator[int]:
        yield from self.all_ids(call)

    def changes(self, call: MailCall, arguments: JSON) -> JSON:
        description = "The server cannot calculate the changes between the old and new states."
        raise MethodError("cannotCalculateChanges", description)
