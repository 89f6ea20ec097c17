"""Accounts by which Postroom itself works at Stalwart: `x:Account`, with their credentials."""

from collections.abc import Collection, Mapping
from typing import Any, Literal

from pydantic import Field

from postroom.stalwart.allowed_ips import IpNetwork, spelled
from postroom.stalwart.detection import detect
from postroom.stalwart.registry import StalwartRegistry
from postroom.stalwart.registry_client import Call, StalwartClient
from postroom.stalwart.response_models import Changes, Id, ResponseModel
from postroom.stalwart.settings_change import require_taken

_DEADLINE = 5.0


class AccountRoles(ResponseModel):
    """`kind` is `User`, `Admin` or `Custom`; only the last has ids."""

    kind: str = Field(alias="@type")
    role_ids: dict[str, bool] = Field({}, alias="roleIds")


class Credential(ResponseModel):
    """`allowed_ips`: none means all."""

    id: str = Field("", alias="credentialId")
    kind: str = Field(alias="@type")
    allowed_ips: dict[str, bool] = Field({}, alias="allowedIps")


class OwnAccount(ResponseModel):
    """`kind` is `User` or `Group`."""

    id: Id
    kind: str = Field(alias="@type")
    email_address: str = Field(alias="emailAddress")
    roles: AccountRoles = AccountRoles.model_validate({"@type": "User"})
    credentials: dict[str, Credential] = Field(default_factory=dict[str, Credential])

    @property
    def password(self) -> tuple[str, Credential | None]:
        """The key of the password among the credentials, and the password; if there is none, a free key and None."""
        for place, each in self.credentials.items():
            if each.kind == "Password":
                return place, each
        return str(len(self.credentials)), None


class _Found(ResponseModel):
    accounts: list[OwnAccount] = Field(alias="list")


class OwnAccounts:
    """Raises `MailServerError`s."""

    def __init__(self, client: StalwartClient, registry: StalwartRegistry) -> None:
        self._client = client
        self._registry = registry

    async def find(self, name: str, domain: str) -> OwnAccount | None:
        """The account with this primary address. An account with that alias is not found, and makes a create fail."""

        async def ask(left: float) -> OwnAccount | None:
            domain_id = await self._registry.domain_id(domain, deadline=left)
            ids = {"resultOf": "0", "name": "x:Account/query", "path": "/ids"}
            calls: list[Call] = [
                ("x:Account/query", {"filter": {"name": name, "domainId": domain_id}}),
                ("x:Account/get", {"#ids": ids}),
            ]
            found = (await self._client.call(calls, deadline=left)).read(1, _Found).accounts
            return found[0] if found else None

        return await self._registry.within(_DEADLINE, ask)

    async def of_client(self) -> OwnAccount | None:
        """The account whose credentials the client uses; None if that is no account, as for the recovery
        administrator."""

        async def ask(left: float) -> OwnAccount | None:
            get: Call = ("x:Account/get", {"ids": [await detect(self._client, deadline=left)]})
            found = (await self._client.call([get], deadline=left)).read(0, _Found).accounts
            return found[0] if found else None

        return await self._registry.within(_DEADLINE, ask)

    async def create(self, name: str, domain: str, description: str, role_id: str) -> str:
        """Create an account without credentials, so that nobody can log in to it by a password. Returns its id."""

        async def ask(left: float) -> str:
            account = {
                "@type": "User",
                "name": name,
                "domainId": await self._registry.domain_id(domain, deadline=left),
                "description": description,
                "roles": _custom([role_id]),
            }
            outcome = await self._set({"create": {"c": account}}, f"the account {name}@{domain}", left)
            return (outcome.created or {})["c"].id

        return await self._registry.within(_DEADLINE, ask)

    async def assign(self, account: OwnAccount, role_id: str) -> None:
        """Give the account this role in addition to its own."""
        await self._update(account, {"roles": _custom([*account.roles.role_ids, role_id])}, "another role")

    async def set_password(self, account: OwnAccount, password: str, allowed: Collection[IpNetwork]) -> None:
        """Set a password that is accepted from these addresses only; from all addresses if none is given."""
        place, _ = account.password
        credential = {"@type": "Password", "secret": password, "allowedIps": {spelled(each): True for each in allowed}}
        await self._update(account, {f"credentials/{place}": credential}, "another password")

    async def allow(self, account: OwnAccount, addresses: Collection[IpNetwork]) -> None:
        """Accept its password from these addresses, too."""
        place, credential = account.password
        new = {spelled(each): True for each in addresses}
        allowed = {**(credential.allowed_ips if credential else {}), **new}
        await self._update(account, {f"credentials/{place}/allowedIps": allowed}, "logins from further addresses")

    async def _update(self, account: OwnAccount, patch: Mapping[str, Any], what: str) -> None:
        arguments = {"update": {account.id: dict(patch)}}
        await self._registry.within(
            _DEADLINE, lambda left: self._set(arguments, f"{what} for {account.email_address}", left)
        )

    async def _set(self, arguments: dict[str, Any], what: str, left: float) -> Changes:
        outcome = (await self._client.call([("x:Account/set", arguments)], deadline=left)).read(0, Changes)
        require_taken(outcome, what)
        return outcome


def _custom(role_ids: Collection[str]) -> dict[Literal["@type", "roleIds"], Any]:
    return {"@type": "Custom", "roleIds": dict.fromkeys(role_ids, True)}
