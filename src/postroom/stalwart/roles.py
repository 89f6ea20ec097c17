"""Roles (`x:Role`), and which of them accounts have by default (`x:Authentication`)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import Field

from postroom.stalwart.registry import StalwartRegistry
from postroom.stalwart.registry_client import Call, StalwartClient
from postroom.stalwart.response_models import Changes, Id, ResponseModel
from postroom.stalwart.settings_change import SINGLETON, require_taken

_DEADLINE = 5.0


class Role(ResponseModel):
    id: Id
    description: str = ""
    enabled: dict[str, bool] = Field({}, alias="enabledPermissions")
    disabled: dict[str, bool] = Field({}, alias="disabledPermissions")
    role_ids: dict[str, bool] = Field({}, alias="roleIds")


class _Roles(ResponseModel):
    roles: list[Role] = Field(alias="list")


class _Authentication(ResponseModel):
    of_users: dict[str, bool] = Field({}, alias="defaultUserRoleIds")


class _Settings(ResponseModel):
    settings: list[_Authentication] = Field(alias="list", min_length=1)


class Roles:
    """Raises `MailServerError`s."""

    def __init__(self, client: StalwartClient, registry: StalwartRegistry) -> None:
        self._client = client
        self._registry = registry

    async def listed(self) -> Sequence[Role]:
        async def ask(left: float) -> list[Role]:
            return (await self._client.call([("x:Role/get", {"ids": None})], deadline=left)).read(0, _Roles).roles

        return await self._registry.within(_DEADLINE, ask)

    async def of_people(self) -> Sequence[str]:
        """The ids of the roles that accounts have by default."""

        async def ask(left: float) -> list[str]:
            get: Call = ("x:Authentication/get", {"ids": [SINGLETON]})
            (settings, *_) = (await self._client.call([get], deadline=left)).read(0, _Settings).settings
            return list(settings.of_users)

        return await self._registry.within(_DEADLINE, ask)

    async def create(self, description: str, permissions: Iterable[str]) -> str:
        """Create a role. Returns its id."""
        role = {"description": description, "enabledPermissions": dict.fromkeys(sorted(permissions), True)}
        outcome = await self._set({"create": {"c": role}}, f"the role {description}")
        return (outcome.created or {})["c"].id

    async def grant(self, role: Role, permissions: Iterable[str]) -> None:
        """Add these permissions to the role."""
        patch = {f"enabledPermissions/{name}": True for name in sorted(permissions)}
        await self._set({"update": {role.id: patch}}, f"more permissions for the role {role.description}")

    async def _set(self, arguments: dict[str, Any], what: str) -> Changes:
        async def ask(left: float) -> Changes:
            outcome = (await self._client.call([("x:Role/set", arguments)], deadline=left)).read(0, Changes)
            require_taken(outcome, what)
            return outcome

        return await self._registry.within(_DEADLINE, ask)


def granted(role_ids: Iterable[str], roles: Mapping[str, Role]) -> frozenset[str]:
    """The permissions that these roles grant together, with the roles that they include. `roles`: all roles by id."""
    found, known, open_ids = frozenset[str](), set[str](), list(role_ids)
    while open_ids:
        role_id = open_ids.pop()
        if role_id in known or role_id not in roles:
            continue
        known.add(role_id)
        role = roles[role_id]
        found |= role.enabled.keys() - role.disabled.keys()
        open_ids += role.role_ids
    return found
