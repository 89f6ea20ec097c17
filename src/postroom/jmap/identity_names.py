"""Names of a person's identities (RFC 8621 §6), which do not follow the name of the account by themselves.

A new identity has the account's name of that time, or its address if there is none. Which one is used by default is
no property of JMAP: the interface begins with that of the account's own address.
"""

from collections.abc import Collection
from typing import cast

from postroom.errors import DatabaseUnavailable, MailServerError
from postroom.jmap.errors import JmapError
from postroom.jmap.mail_changes import JmapMail, error_of
from postroom.jmap.request import SUBMISSION, Call
from postroom.mailboxes.ports import MailAccount
from postroom.process.telemetry import log


class IdentityNames:
    def __init__(self, mail: JmapMail) -> None:
        self._mail = mail

    async def follow(self, account: MailAccount, name: str, *, given: Collection[str]) -> bool:
        """Give `name` to every identity whose name nobody has chosen: it is one of those that were `given` to the
        account before, or its address. A failure is logged and harms nothing; False then."""
        try:
            await self._follow(account, name, given)
        except (JmapError, MailServerError, DatabaseUnavailable) as error:
            why = error_of(error) if isinstance(error, JmapError) else error
            log.warning("Names of identities were left", identity_id=str(account.identity_id), error=str(why))
            return False
        return True

    async def _follow(self, account: MailAccount, name: str, given: Collection[str]) -> None:
        to = {"accountId": account.account_id}
        found = (await self._mail.call(account, [("Identity/get", {**to, "ids": None})], SUBMISSION)).of(0)
        update: dict[str, dict[str, str]] = {}
        for each in cast("list[object]", found["list"]) if isinstance(found.get("list"), list) else ():
            match each:
                case {"id": str(number), "name": str(old), "email": str(email)} if old != name and old in {
                    *given,
                    email,
                }:
                    update[number] = {"name": name}
                case _:
                    pass
        if not update:
            return
        # In this state: the person may be choosing a name at this moment.
        put: Call = ("Identity/set", {**to, "ifInState": found.get("state"), "update": update})
        (await self._mail.call(account, [put], SUBMISSION)).of(0)
