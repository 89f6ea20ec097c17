"""Authentication: the recovery administrator, a person by password or app password, an API key, or a master login."""

import base64
import hmac
import json
import time
from dataclasses import dataclass

from starlette.requests import Request

from postroom_sandbox.stalwart import ids, passwords, permissions
from postroom_sandbox.stalwart.accounts import Accounts
from postroom_sandbox.stalwart.credential_networks import require_allowed
from postroom_sandbox.stalwart.credentials import expired
from postroom_sandbox.stalwart.errors import http_problem
from postroom_sandbox.stalwart.json_value import JSON
from postroom_sandbox.stalwart.object_type import Access
from postroom_sandbox.stalwart.oidc_provider import OidcProvider
from postroom_sandbox.stalwart.store import Store

_ADMIN = "admin"


@dataclass(frozen=True)
class _Login:
    """What the text of a header was found to mean. A master's login has no `credential` of the account."""

    account: int
    credential: JSON | None
    revision: int | None
    until: float


class Authentication:
    """Checks the `Authorization` header and the address of the client.

    Like Stalwart, it remembers logins by their text, and the account that each one opened. Neither a new address of
    that account nor a new owner of the old address ends this, only a change of what the account may do, or of its
    credentials (`Accounts.revision`), or the end of `accessTokenExpiry`.
    """

    def __init__(self, store: Store, accounts: Accounts, settings: OidcProvider, admin_password: str | None) -> None:
        self._store = store
        self._accounts = accounts
        self._settings = settings
        self._admin_password = admin_password
        self._remembered: dict[str, _Login] = {}

    def access(self, request: Request) -> Access:
        """Raises ProblemError: 401, or 403 for known callers that may not log in, such as suspended ones."""
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        text, peer = value.strip(), request.client.host if request.client else ""
        login = self._remembered.pop(text, None)
        if login is None or not self._is_current(login):
            login = self._found(scheme.lower(), text, peer)
        if login is None:
            raise http_problem(401)
        access = self._opened(login, peer)
        if not access.may("authenticate"):
            raise http_problem(403)
        self._remembered[text] = login
        return access

    def forget_logins(self) -> None:
        self._remembered.clear()

    def _is_current(self, login: _Login) -> bool:
        if time.monotonic() >= login.until or self._accounts.revision(login.account) != login.revision:
            return False
        return login.credential is None or not expired(login.credential, self._store.now())

    def _opened(self, login: _Login, peer: str) -> Access:
        """Raises ProblemError, 403, for a client whose address is not allowed."""
        if login.account == ids.RECOVERY_ADMIN:
            return Access(ids.RECOVERY_ADMIN, _ADMIN, permissions.EVERY)
        address, held = self._accounts.identity(login.account)
        if login.credential:
            require_allowed(login.credential["allowedIps"], peer)
            held = permissions.of_credential(held, login.credential.get("permissions", {"@type": "Inherit"}))
        return Access(login.account, address, held)

    def _found(self, scheme: str, text: str, peer: str) -> _Login | None:
        if scheme == "bearer":
            sql = "SELECT account_id, document FROM credentials WHERE name = 'ApiKey' AND secret = ?"
            row = self._store.row(sql, passwords.digest(text))
            return self._login(*row) if row else None
        return self._by_name(*_decoded(text), peer) if scheme == "basic" else None

    def _login(self, account: int, credential: str | None) -> _Login | None:
        """None if the credential has expired."""
        known = None if credential is None else json.loads(credential)
        if known and expired(known, self._store.now()):
            return None
        until = time.monotonic() + self._settings.login_seconds
        return _Login(account, known, self._accounts.revision(account), until)

    def _by_name(self, name: str, password: str, peer: str) -> _Login | None:
        target, _, name = name.rpartition("%")
        if name == _ADMIN:
            known = self._admin_password
            valid = known is not None and hmac.compare_digest(known.encode(), password.encode())
            login = self._login(ids.RECOVERY_ADMIN, None) if valid else None
        else:
            login = self._by_address(name, password, peer, app_passwords=not target)
        return self._as_master(login, target, peer) if login and target else login

    def _by_address(self, address: str, secret: str, peer: str, *, app_passwords: bool) -> _Login | None:
        account, kind = self._accounts.at(address) or (None, "")
        if account is None:
            return None
        document = self._password(account, secret)
        if document is None and app_passwords:
            document = self._app_password(account, secret)
        login = self._login(account, document) if document else None
        if login and kind == "alias" and not self._opened(login, peer).may("authenticateWithAlias"):
            return None
        return login

    def _password(self, account: int, secret: str) -> str | None:
        sql = "SELECT secret, document FROM credentials WHERE account_id = ? AND name = 'Password'"
        row = self._store.row(sql, account)
        return row[1] if row and passwords.matches(secret, row[0]) else None

    def _app_password(self, account: int, secret: str) -> str | None:
        sql = "SELECT document FROM credentials WHERE account_id = ? AND name = 'AppPassword' AND secret = ?"
        row = self._store.row(sql, account, passwords.digest(secret))
        return row[0] if row else None

    def _as_master(self, login: _Login, target: str, peer: str) -> _Login | None:
        """`target%master` with the master's own password: the access, including its limits, is the target's."""
        access = self._opened(login, peer)
        if not (access.may("impersonate") and access.may("authenticate")):
            raise http_problem(403)
        found = self._accounts.at(target)
        return self._login(found[0], None) if found else None


def _decoded(encoded: str) -> tuple[str, str]:
    try:
        login, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        raise http_problem(401) from None
    return login.strip().lower(), password
