"""The account with which Postroom acts for people in the trial, created as an operator would create it."""

from postroom_sandbox.stalwart import ids, permissions
from postroom_sandbox.stalwart.accounts import Accounts
from postroom_sandbox.stalwart.domains import FIRST, Domains
from postroom_sandbox.stalwart.object_type import Access, Call
from postroom_sandbox.stalwart.roles import Roles

LOGIN = "postroom-mail"
_OPERATOR = Access(ids.RECOVERY_ADMIN, "admin", permissions.EVERY)
_GRANTED = ("authenticate", "impersonate")


def ensure_mail_master(domains: Domains, roles: Roles, accounts: Accounts, password: str) -> None:
    """Create it once; it may impersonate and nothing else. Its password is always set to `password`."""
    call = Call(_OPERATOR, _OPERATOR.account)
    if found := accounts.at(f"{LOGIN}@{domains.name_of(ids.encode(FIRST))}"):
        accounts.update(call, found[0], {"credentials/0/secret": password})
        return
    role = roles.create(call, {"description": "Postroom mail", "enabledPermissions": dict.fromkeys(_GRANTED, True)})
    account = {
        "@type": "User",
        "name": LOGIN,
        "domainId": ids.encode(FIRST),
        "description": "Acts for people at Postroom",
        "credentials": {"0": {"@type": "Password", "secret": password}},
        "roles": {"@type": "Custom", "roleIds": {role["id"]: True}},
    }
    accounts.create(call, account)
