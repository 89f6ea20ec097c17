"""VacationResponse/get and set (RFC 8621 §8). `sieve_delivery.py` sends the replies.

It is stored as a Sieve script: activating another script disables it.
"""

import json
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP
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


_DATES = ("fromDate", "toDate")
_MAX_STRING = 4096
"""How long a string of a script may be, in bytes."""


def _is_date(value: Any) -> bool:
    try:
        return value is None or ("T" in value and is_text(moment(value)))
    except (MethodError, TypeError):
        return False


def _is_text(value: Any, octets: int) -> bool:
    return value is None or (isinstance(value, str) and len(value.encode("utf-8", "replace")) <= octets)


_VALIDATORS: dict[str, Callable[[Any], bool]] = {
    "isEnabled": is_flag,
    **dict.fromkeys(_DATES, _is_date),
    "subject": lambda value: _is_text(value, 511),
    **dict.fromkeys(("textBody", "htmlBody"), lambda value: _is_text(value, 2047)),
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
        check_values(patch, _VALIDATORS)
        dates = {name: moment(value) for name, value in patch.items() if name in _DATES and value is not None}
        document = self._document(call.account) | patch | dates
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
    """The script that sends the reply. Raises MethodError where Stalwart cannot compile its own one."""
    subject, text, html = (document[name] for name in ("subject", "textBody", "htmlBody"))
    message = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    message.set_content(_clean(("I am away." if html is None else "") if text is None else text))
    if html is not None:
        message.add_alternative(_clean(html), subtype="html")
    body = message.as_bytes()
    # Stalwart writes a backslash before the quotation mark that ends the string as an escape of that mark.
    if len(body) > _MAX_STRING or any((each or "").endswith("\\") for each in (subject, text)):
        description = "This server is temporarily unavailable. Attempting this same operation later may succeed."
        raise MethodError("serverUnavailable", description)
    head = f":subject {_quoted(subject)} " if subject else ""
    script = f'require ["vacation", "relational", "date"];\r\n\r\nvacation :mime {head}'
    return script.encode("utf-8", "replace") + _quoted(body.decode("ascii", "replace")).encode() + b";\r\n"


def _clean(text: str) -> str:
    """Without lone surrogates, which JSON may contain."""
    return text.encode("utf-8", "replace").decode()


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
