"""`x:Authentication`, of which only the roles are kept that accounts have by default."""

from typing import ClassVar

from postroom_sandbox.stalwart.json_value import JSON
from postroom_sandbox.stalwart.singleton import Singleton


class DefaultRoles(Singleton):
    """Those of a fresh server, by the ids that `Roles.ensure_defaults` gives them; none can be changed here."""

    name = "Authentication"
    beginning: ClassVar[JSON] = {
        "defaultUserRoleIds": {"b": True},
        "defaultGroupRoleIds": {"c": True},
        "defaultTenantRoleIds": {"d": True, "b": True},
        "defaultAdminRoleIds": {"e": True, "b": True},
    }
    changeable = frozenset[str]()
    what = "default roles"

    def check(self, name: str, value: object) -> None:
        """`update` refuses all of them."""
