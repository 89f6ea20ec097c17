"""`x:Authentication`. The stand-in has only its default roles for accounts."""

from typing import ClassVar

from postroom_sandbox.stalwart.json_value import JSON
from postroom_sandbox.stalwart.singleton import Singleton


class DefaultRoles(Singleton):
    """The default roles of a new server, by the ids from `Roles.ensure_defaults`. They cannot be changed here."""

    name = "Authentication"
    initial: ClassVar[JSON] = {
        "defaultUserRoleIds": {"b": True},
        "defaultGroupRoleIds": {"c": True},
        "defaultTenantRoleIds": {"d": True, "b": True},
        "defaultAdminRoleIds": {"e": True, "b": True},
    }
    changeable = frozenset[str]()
    unchangeable = "default roles"

    def check(self, name: str, value: object) -> None:
        """Accepts every value, because `update` refuses all changes."""
