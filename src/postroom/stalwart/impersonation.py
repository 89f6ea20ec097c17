"""Acting for a person by a master account, whose role holds `authenticate` and `impersonate`."""

import base64

from postroom.errors import ConfigurationError, Permanent
from postroom.mail.ports import MailAccount


class Impersonation:
    """The port `MailAuthorization`: logs in as `<person>%<master>` with the master's own password.

    `master` is `user@domain:password`. Stalwart refuses an app password or a key in its place.
    """

    def __init__(self, master: str) -> None:
        login, colon, password = master.partition(":")
        local_part, _, domain = login.rpartition("@")
        if not colon or not local_part or not domain or not password or "%" in login:
            # Without the value: it holds a password.
            raise ConfigurationError("POSTROOM_MAIL_MASTER: user@domain:password of a Stalwart account is needed")
        self._login = login
        self._password = password

    async def header(self, account: MailAccount) -> str:
        return basic(f"{login_of(account)}%{self._login}", self._password)

    async def refused(self, account: MailAccount, header: str) -> bool:
        """There is nothing fresher: the master's password is wrong, or the account is gone."""
        return False


def login_of(account: MailAccount) -> str:
    """Raises `Permanent` for an address that would make a login mean somebody else."""
    # Stalwart takes what follows the last % for the master, and what follows the first : for the password.
    if "%" in account.email or ":" in account.email:
        raise Permanent("the address of this mailbox holds % or :, so nobody can be logged in to it")
    return account.email


def basic(login: str, password: str) -> str:
    """RFC 7617 §2."""
    return "Basic " + base64.b64encode(f"{login}:{password}".encode()).decode()
