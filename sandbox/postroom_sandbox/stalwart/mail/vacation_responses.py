"""VacationResponse/get and set (RFC 8621 §8). It is kept and shown; the stand-in answers nobody's mail."""

import json
from collections.abc import Callable
from typing import Any

from postroom_sandbox.stalwart import ids
from postroom_sandbox.stalwart.errors import MethodError, SetError
from postroom_sandbox.stalwart.json_value import JSON, is_flag, is_text
from postroom_sandbox.stalwart.mail.data_type import DataType, MailCall, check_values, not_found
from postroom_sandbox.stalwart.mail.filters import moment

_DEFAULT: JSON = {"isEnabled": False} | dict.fromkeys(("fromDate", "toDate", "subject", "textBody", "htmlBody"))


def _is_date(value: Any) -> bool:
    try:
        return value is None or is_text(moment(value))
    except MethodError:
        return False


_RIGHT: dict[str, Callable[[Any], bool]] = {
    "isEnabled": is_flag,
    **dict.fromkeys(("fromDate", "toDate"), _is_date),
    **dict.fromkeys(("subject", "textBody", "htmlBody"), lambda value: value is None or is_text(value)),
}


class VacationResponses(DataType):
    name = "VacationResponse"

    def everything(self, call: MailCall) -> list[int]:
        return [ids.SINGLETON]

    def shown(self, call: MailCall, numbers: list[int], arguments: JSON) -> dict[int, JSON]:
        return {ids.SINGLETON: self._document(call.account)} if ids.SINGLETON in numbers else {}

    def _document(self, account: int) -> JSON:
        row = self._store.row("SELECT document FROM vacations WHERE account_id = ?", account)
        return json.loads(row[0]) if row else _DEFAULT

    def create(self, call: MailCall, value: JSON) -> JSON:
        raise SetError("singleton", "There is but one, with the id singleton.")

    def destroy(self, call: MailCall, number: int, arguments: JSON) -> None:
        raise SetError("singleton", "There is but one, with the id singleton.")

    def update(self, call: MailCall, number: int, patch: JSON) -> JSON | None:
        if number != ids.SINGLETON:
            raise not_found()
        check_values(document := self._document(call.account) | patch, _RIGHT)
        with self._log.commit(call.account) as commit:
            sql = "INSERT OR REPLACE INTO vacations (account_id, document) VALUES (?, ?)"
            self._store.run(sql, call.account, json.dumps(document))
            commit.note(self.name, ids.SINGLETON, "updated")
        return None
