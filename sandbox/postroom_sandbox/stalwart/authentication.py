"""Authentication: the recovery administrator, a person by password or app password, an API key, or a master login."""

import base64
import hmac
import json

from starlette.requests import Request

from postroom_sandbox.stalwart import ids, passwords, permissions
from postroom_sandbox.stalwart.accounts import Accounts
from postroom_sandbox.stalwart.credential_networks import require_allowed
from postroom_sandbox.stalwart.credentials import expired
from postroom_sandbox.stalwart.errors import http_problem
from postroom_sandbox.stalwart.object_type import Access
from postroom_sandbox.stalwart.store import Store

_ADMIN = "admin"


class Authentication:
    """Checks the `Authorization` header and the address of the client."""

    def __init__(self, store: Store, accounts: Accounts, admin_password: str | None) -> None:
        self._store = store
        self._accounts = accounts
        self._admin_password = admin_password

    def access(self, request: Request) -> Access:
        """Raises ProblemError: 401, or 403 for known callers that may not log in, such as suspended ones."""
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        peer = request.client.host if request.client else ""
        access = None
        if scheme.lower() == "bearer":
            access = self._by_key(value.strip(), peer)
        elif scheme.lower() == "basic":
            access = self._by_login(*_login(value.strip()), peer)
        if access is None:
            raise http_problem(401)
        if not access.may("authenticate"):
            raise http_problem(403)
        return access

    def _by_key(self, secret: str, peer: str) -> Access | None:
        sql = "SELECT account_id, document FROM credentials WHERE name = 'ApiKey' AND secret = ?"
        row = self._store.row(sql, passwords.digest(secret))
        if not row or not self._is_current(row[1]):
            return None
        require_allowed(json.loads(row[1])["allowedIps"], peer)
        return self._of_account(row[0], row[1])

    def _by_login(self, login: str, password: str, peer: str) -> Access | None:
        target, _, master = login.rpartition("%")
        if target:
            return self._by_master(target, master, password, peer)
        return self._by_password(master, password, peer) or self._by_app_password(master, password, peer)

    def _by_password(self, login: str, password: str, peer: str) -> Access | None:
        if login == _ADMIN:
            known = self._admin_password
            valid = known is not None and hmac.compare_digest(known.encode(), password.encode())
            return Access(ids.RECOVERY_ADMIN, _ADMIN, permissions.EVERY) if valid else None
        account, kind = self._accounts.at(login) or (None, "")
        sql = "SELECT secret, document FROM credentials WHERE account_id = ? AND name = 'Password'"
        row = self._store.row(sql, account)
        if not account or not row or not passwords.matches(password, row[0]):
            return None
        require_allowed(json.loads(row[1])["allowedIps"], peer)
        return self._for_address(account, kind)

    def _by_app_password(self, login: str, password: str, peer: str) -> Access | None:
        account, kind = self._accounts.at(login) or (None, "")
        sql = "SELECT document FROM credentials WHERE account_id = ? AND name = 'AppPassword' AND secret = ?"
        row = self._store.row(sql, account, passwords.digest(password))
        if not account or not row or not self._is_current(row[0]):
            return None
        require_allowed(json.loads(row[0])["allowedIps"], peer)
        return self._for_address(account, kind, row[0])

    def _is_current(self, credential: str) -> bool:
        return not expired(json.loads(credential), self._store.now())

    def _for_address(self, account: int, kind: str, credential: str | None = None) -> Access:
        access = self._of_account(account, credential)
        if kind == "alias" and not access.may("authenticateWithAlias"):
            raise http_problem(403)
        return access

    def _by_master(self, target: str, master: str, password: str, peer: str) -> Access | None:
        """`target%master` with the master's own password: the access, including its limits, is the target's."""
        access = self._by_password(master, password, peer)
        if access is None:
            return None
        if not (access.may("impersonate") and access.may("authenticate")):
            raise http_problem(403)
        found = self._accounts.at(target)
        return self._of_account(found[0]) if found else None

    def _of_account(self, account: int, credential: str | None = None) -> Access:
        address, held = self._accounts.identity(account)
        if credential is not None:
            held = permissions.of_credential(held, json.loads(credential)["permissions"])
        return Access(account, address, held)


def _login(encoded: str) -> tuple[str, str]:
    try:
        login, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        raise http_problem(401) from None
    return login.strip().lower(), password
