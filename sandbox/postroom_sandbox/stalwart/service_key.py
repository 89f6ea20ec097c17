"""The account and API key that Postroom uses in the trial, created as an operator would create them."""

from postroom_sandbox.stalwart import ids, permissions
from postroom_sandbox.stalwart.accounts import Accounts
from postroom_sandbox.stalwart.credentials import Credentials
from postroom_sandbox.stalwart.domains import FIRST, Domains
from postroom_sandbox.stalwart.object_type import Access, Call
from postroom_sandbox.stalwart.passwords import digest
from postroom_sandbox.stalwart.roles import Roles
from postroom_sandbox.stalwart.store import Store

_LOGIN = "postroom-service"
_HERE = ("127.0.0.1", "::1")
_OPERATOR = Access(ids.RECOVERY_ADMIN, "admin", permissions.EVERY)


def ensure_service_key(store: Store, domains: Domains, roles: Roles, accounts: Accounts, secret: str) -> None:
    """Create them with least privilege: the role has what a provisioning service needs, and what it grants to others.

    If the secret is another one than at the last start, the key is replaced.
    """
    found = accounts.at(f"{_LOGIN}@{domains.name_of(ids.encode(FIRST))}")
    call = Call(_OPERATOR, found[0] if found else _make_account(accounts, roles))
    sql = "SELECT id, secret FROM credentials WHERE account_id = ? AND name = 'ApiKey'"
    known = store.rows(sql, call.account)
    if any(stored == digest(secret) for _, stored in known):
        return
    keys = Credentials(store, "ApiKey")
    for number, _ in known:
        keys.destroy(call, number)
    keys.make(call, {"description": "Postroom", "allowedIps": dict.fromkeys(_HERE, True)}, secret)


def _make_account(accounts: Accounts, roles: Roles) -> int:
    call = Call(_OPERATOR, _OPERATOR.account)
    granted = dict.fromkeys(sorted(permissions.SERVICE | permissions.USER), True)
    role = roles.create(call, {"description": "Postroom", "enabledPermissions": granted})["id"]
    account = {
        "@type": "User",
        "name": _LOGIN,
        "domainId": ids.encode(FIRST),
        "description": "Provisions mailboxes for Postroom",
        "roles": {"@type": "Custom", "roleIds": {role: True}},
    }
    return ids.decode(accounts.create(call, account)["id"]) or 0
