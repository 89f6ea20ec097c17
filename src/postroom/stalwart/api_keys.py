"""API keys of an account: `x:ApiKey`."""

import base64
import binascii
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import Field

from postroom.stalwart.allowed_ips import IpNetwork, spelled
from postroom.stalwart.registry import StalwartRegistry
from postroom.stalwart.registry_client import Call, StalwartClient
from postroom.stalwart.response_models import Changes, Id, ResponseModel, SetError
from postroom.stalwart.settings_change import require_taken
from postroom.stalwart.webhook import jmap_id

_DEADLINE = 5.0
_PREFIX = "API_"


class ApiKey(ResponseModel):
    """An API key without its secret, which Stalwart shows only once. `allowed_ips`: none means all."""

    id: Id
    description: str | None = None
    created_at: datetime = Field(alias="createdAt")
    allowed_ips: dict[str, bool] = Field({}, alias="allowedIps")


class _ApiKeys(ResponseModel):
    api_keys: list[ApiKey] = Field(alias="list")


class _Made(ResponseModel):
    id: Id
    secret: str = Field(repr=False)


class _Outcome(ResponseModel):
    created: dict[str, _Made] | None = None
    not_created: dict[str, SetError] | None = Field(None, alias="notCreated")


@dataclass(frozen=True, slots=True)
class NewApiKey:
    id: str
    secret: str = field(repr=False)


class ApiKeys:
    """Raises `MailServerError`s. For another account than its own, the client needs the permission `impersonate`."""

    def __init__(self, client: StalwartClient, registry: StalwartRegistry) -> None:
        self._client = client
        self._registry = registry

    async def of(self, account_id: str) -> Sequence[ApiKey]:
        async def ask(left: float) -> list[ApiKey]:
            get: Call = ("x:ApiKey/get", {"accountId": account_id, "ids": None})
            return (await self._client.call([get], deadline=left)).read(0, _ApiKeys).api_keys

        return await self._registry.within(_DEADLINE, ask)

    async def make(self, account_id: str, description: str) -> NewApiKey:
        async def ask(left: float) -> NewApiKey:
            arguments = {"accountId": account_id, "create": {"c": {"description": description}}}
            answers = await self._client.call([("x:ApiKey/set", arguments)], deadline=left)
            require_taken(answers.read(0, Changes), "a new API key")
            made = (answers.read(0, _Outcome).created or {})["c"]
            return NewApiKey(made.id, made.secret)

        return await self._registry.within(_DEADLINE, ask)

    async def bind(self, account_id: str, key_id: str, addresses: Iterable[IpNetwork]) -> None:
        """Let Stalwart accept the key from these addresses only."""
        allowed = {spelled(each): True for each in addresses}
        arguments = {"accountId": account_id, "update": {key_id: {"allowedIps": allowed}}}

        async def ask(left: float) -> None:
            answers = await self._client.call([("x:ApiKey/set", arguments)], deadline=left)
            require_taken(answers.read(0, Changes), "other addresses for the API key")

        await self._registry.within(_DEADLINE, ask)

    async def remove(self, account_id: str, key_id: str) -> bool:
        """Remove a key. False if it does not exist."""

        async def ask(left: float) -> bool:
            arguments = {"accountId": account_id, "destroy": [key_id]}
            outcome = (await self._client.call([("x:ApiKey/set", arguments)], deadline=left)).read(0, Changes)
            return key_id in (outcome.destroyed or [])

        return await self._registry.within(_DEADLINE, ask)


def id_of(secret: str) -> str | None:
    """The id of a key, which is unique in its account. None if it does not tell."""
    return ids[1] if (ids := _ids_of(secret)) else None


def belongs_to(secret: str, account_id: str) -> bool:
    """Whether a key says that it is this account's."""
    return (ids := _ids_of(secret)) is not None and ids[0] == account_id


def _ids_of(secret: str) -> tuple[str, str] | None:
    """The ids of its account and of the key itself, which Stalwart 0.16 writes into it."""
    try:
        raw = base64.urlsafe_b64decode(secret.removeprefix(_PREFIX) + "==")
    except (binascii.Error, ValueError):
        return None
    if not secret.startswith(_PREFIX) or len(raw) != 28:
        return None
    return jmap_id(int.from_bytes(raw[:4], "big")), jmap_id(int.from_bytes(raw[4:8], "big"))
