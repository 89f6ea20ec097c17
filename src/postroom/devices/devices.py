"""The devices of a person: mail programs, each with its own app password."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from postroom.devices.app_passwords import (
    WEBMAIL,
    AppPassword,
    AppPasswords,
    MailCredentials,
    NewAppPassword,
    TooManyAppPasswords,
)
from postroom.errors import Refused
from postroom.mailboxes.ports import MailAccount, MailAccounts
from postroom.process.telemetry import log

LONGEST_NAME = 60

USUAL_LIMIT = 5
"""App passwords that Stalwart allows a mailbox (`maxAppPasswords`), unless its operator set another number, which it
states only when it refuses one."""


class Devices:
    """`own` are the app passwords that Postroom uses itself, None if it uses a master account."""

    def __init__(
        self,
        accounts: MailAccounts,
        app_passwords: AppPasswords,
        own: MailCredentials | None,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._accounts = accounts
        self._app_passwords = app_passwords
        self._own = own
        self._now = now

    @property
    def usual_limit(self) -> int:
        """How many devices a person can usually have."""
        return USUAL_LIMIT - (1 if self._own else 0)

    async def account(self, identity_id: UUID) -> MailAccount:
        """Raises `Refused` for a person without a mailbox."""
        account = await self._accounts.of(identity_id)
        if account is None:
            raise Refused("mailbox_not_ready", "your mailbox is not ready yet; devices can be connected once it is")
        return account

    async def of(self, identity_id: UUID) -> Sequence[AppPassword]:
        """The devices, oldest first, without the app password that Postroom uses itself."""
        return await self._devices(await self.account(identity_id))

    async def connect(self, identity_id: UUID, name: str, expires_in_days: int | None) -> NewAppPassword:
        """Raises `Refused` for an invalid name, or if there are too many devices already."""
        account = await self.account(identity_id)
        name = _checked(name)
        expires_at = None if expires_in_days is None else self._now() + timedelta(days=expires_in_days)
        try:
            made = await self._app_passwords.make(account, name, expires_at)
        except TooManyAppPasswords as error:
            raise Refused("too_many", self._too_many(error)) from error
        log.info("Connected a device", identity_id=str(identity_id), app_password_id=made.app_password.id)
        return made

    async def disconnect(self, identity_id: UUID, app_password_id: str) -> None:
        """Raises `Refused` if the person has no such device."""
        account = await self.account(identity_id)
        # Read first: only a device can be revoked, not the app password that Postroom uses.
        known = any(device.id == app_password_id for device in await self._devices(account))
        if not known or not await self._app_passwords.revoke(account, app_password_id):
            raise Refused("unknown", "you have no such device; perhaps it was disconnected already")
        log.info("Disconnected a device", identity_id=str(identity_id), app_password_id=app_password_id)

    async def _devices(self, account: MailAccount) -> list[AppPassword]:
        own = await self._own.of(account.identity_id) if self._own else None
        ours = own.app_password_id if own and own.account_id == account.account_id else None
        # By id and name: if ours was revoked at the mail server, a device may have got its id.
        return [
            each for each in await self._app_passwords.of(account) if not (each.id == ours and each.name == WEBMAIL)
        ]

    def _too_many(self, error: TooManyAppPasswords) -> str:
        limit = "no more app passwords" if error.limit is None else f"{error.limit} app passwords at most"
        ours = ", and the webmail uses one of them" if self._own else ""
        return f"the mail server allows you {limit}{ours}; disconnect a device first"


def _checked(name: str) -> str:
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Refused("wrong_name", f"name the device in 1 to {LONGEST_NAME} characters, in one line")
    if name.casefold() == WEBMAIL.casefold():
        raise Refused("wrong_name", f"{WEBMAIL} is what Postroom calls its own; choose another name")
    return name
