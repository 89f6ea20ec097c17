"""VacationResponse/get and set (RFC 8621 §8). It is kept and shown; the stand-in answers nobody's mail."""

import json

from postroom_sandbox.stalwart import ids
from postroom_sandbox.stalwart.errors import MethodError, SetError
from postroom_sandbox.stalwart.json_value import JSON
from postroom_sandbox.stalwart.mail.data_type import DataType, MailCall, invalid, not_found
from postroom_sandbox.stalwart.mail.filters import moment

_SINGLETON = ids.decode("singleton") or 0
_DEFAULT: JSON = {"isEnabled": False} | dict.fromkeys(("fromDate", "toDate", "subject", "textBody", "htmlBody"))


class VacationResponses(DataType):
    name = "VacationResponse"

    def everything(self, call: MailCall) -> list[int]:
        return [_SINGLETON]

    def shown(self, call: MailCall, numbers: list[int], arguments: JSON) -> dict[int, JSON]:
        return {_SINGLETON: self._document(call.account)} if _SINGLETON in numbers else {}

    def _document(self, account: int) -> JSON:
        row = self._store.row("SELECT document FROM vacations WHERE account_id = ?", account)
        return json.loads(row[0]) if row else _DEFAULT

    def create(self, call: MailCall, value: JSON) -> JSON:
        raise SetError("singleton", "There is but one, with the id singleton.")

    def destroy(self, call: MailCall, number: int, arguments: JSON) -> None:
        raise SetError("singleton", "There is but one, with the id singleton.")

    def update(self, call: MailCall, number: int, patch: JSON) -> JSON | None:
        if number != _SINGLETON:
            raise not_found()
        _check(document := self._document(call.account) | patch)
        with self._log.commit(call.account) as commit:
            sql = "INSERT OR REPLACE INTO vacations (account_id, document) VALUES (?, ?)"
            self._store.run(sql, call.account, json.dumps(document))
            commit.note(self.name, _SINGLETON, "updated")
        return None


def _check(document: JSON) -> None:
    for name, value in document.items():
        if name not in _DEFAULT or (name == "isEnabled") != isinstance(value, bool):
            raise invalid(name, description="Invalid property or value.")
        if value is not None and not isinstance(value, str | bool):
            raise invalid(name, description="Invalid property or value.")
        if name.endswith("Date") and value is not None:
            try:
                moment(value)
            except MethodError:
                raise invalid(name, description="Invalid date.") from None
