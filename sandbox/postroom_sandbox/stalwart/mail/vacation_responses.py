"""VacationResponse/get and set (RFC 8621 §8). `sieve_delivery.py` sends the replies.

It is stored as a Sieve script: activating another script disables it.
"""

import json
from collections.abc import Callable
from typing import Any

from postroom_sandbox.stalwart import ids
from postroom_sandbox.stalwart.errors import MethodError, SetError
from postroom_sandbox.stalwart.json_value import JSON, is_flag, is_text
from postroom_sandbox.stalwart.mail.change_log import ChangeLog
from postroom_sandbox.stalwart.mail.data_type import DataType, MailCall, check_values, not_found
from postroom_sandbox.stalwart.mail.query_filters import moment
from postroom_sandbox.stalwart.mail.sieve_scripts import VACATION, SieveScripts
from postroom_sandbox.stalwart.store import Store

_DEFAULT: JSON = {"isEnabled": False} | dict.fromkeys(("fromDate", "toDate", "subject", "textBody", "htmlBody"))


def _is_date(value: Any) -> bool:
    try:
        return value is None or is_text(moment(value))
    except MethodError:
        return False


_VALIDATORS: dict[str, Callable[[Any], bool]] = {
    "isEnabled": is_flag,
    **dict.fromkeys(("fromDate", "toDate"), _is_date),
    **dict.fromkeys(("subject", "textBody", "htmlBody"), lambda value: value is None or is_text(value)),
}


class VacationResponses(DataType):
    name = "VacationResponse"

    def __init__(self, store: Store, log: ChangeLog, scripts: SieveScripts) -> None:
        super().__init__(store, log)
        self._scripts = scripts

    def state(self, account: int) -> str:
        return self._scripts.state(account)

    def all_ids(self, call: MailCall) -> list[int]:
        return [ids.SINGLETON]

    def shown(self, call: MailCall, numbers: list[int], arguments: JSON) -> dict[int, JSON]:
        return {ids.SINGLETON: self._document(call.account)} if ids.SINGLETON in numbers else {}

    def _document(self, account: int) -> JSON:
        script = self._scripts.named(account, VACATION)
        row = self._store.row("SELECT document FROM vacations WHERE account_id = ?", account)
        if row is None or script is None:  # never set, or the script was destroyed
            return _DEFAULT
        return json.loads(row[0]) | {"isEnabled": self._scripts.active(account) == script}

    def create(self, call: MailCall, value: JSON) -> JSON:
        raise SetError("singleton", "There is but one, with the id singleton.")

    def destroy(self, call: MailCall, number: int, arguments: JSON) -> None:
        raise SetError("singleton", "There is but one, with the id singleton.")

    def update(self, call: MailCall, number: int, patch: JSON) -> JSON | None:
        if number != ids.SINGLETON:
            raise not_found()
        check_values(document := self._document(call.account) | patch, _VALIDATORS)
        account, script = call.account, self._scripts.named(call.account, VACATION)
        script = self._scripts.keep(account, VACATION, _script(document), script, also=self.name)
        sql = "INSERT OR REPLACE INTO vacations (account_id, document) VALUES (?, ?)"
        self._store.run(sql, account, json.dumps(document))
        if document["isEnabled"]:
            self._scripts.activate(account, script)
        elif script == self._scripts.active(account):
            self._scripts.activate(account, None)
        return None


def _script(document: JSON) -> bytes:
    """A script of one line with the subject and the text."""
    subject, text = (_quoted(document[name] or "") for name in ("subject", "textBody"))
    return f'require ["vacation"];\r\n\r\nvacation :subject {subject} {text};\r\n'.encode("utf-8", "replace")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
