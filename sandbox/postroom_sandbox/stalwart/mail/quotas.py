"""Quota/get (RFC 9425): one quota if the account has a `maxDiskQuota`, else none."""

from postroom_sandbox.stalwart.accounts import Accounts
from postroom_sandbox.stalwart.json_value import JSON
from postroom_sandbox.stalwart.mail.change_log import ChangeLog
from postroom_sandbox.stalwart.mail.data_type import DataType, MailCall
from postroom_sandbox.stalwart.mail.email_store import EmailStore
from postroom_sandbox.stalwart.store import Store

_ONLY = 0


class Quotas(DataType):
    name = "Quota"

    def __init__(self, store: Store, log: ChangeLog, accounts: Accounts, mail: EmailStore) -> None:
        super().__init__(store, log)
        self._accounts = accounts
        self._mail = mail

    def all_ids(self, call: MailCall) -> list[int]:
        return [_ONLY] if self._mail.quota(call.account) else []

    def shown(self, call: MailCall, numbers: list[int], arguments: JSON) -> dict[int, JSON]:
        limit = self._mail.quota(call.account)
        if not limit or _ONLY not in numbers:
            return {}
        quota = {"resourceType": "octets", "used": self._accounts.used(call.account), "hardLimit": limit}
        quota |= {"scope": "account", "name": call.access.name, "types": ["Email"]}
        return {_ONLY: quota | dict.fromkeys(("warnLimit", "softLimit", "description"))}
