"""Which mail gets an Authentication-Results field of Stalwart's own (RFC 8601): `x:MtaStageData`.

By default only mail that arrives on port 25 does, and Stalwart removes none that a mail brings along (0.16.19). In mail
from a person of the same server, or by LMTP, the first such field may then be one that its sender forged.
"""

from typing import Any

from pydantic import Field

from postroom.stalwart.registry import StalwartRegistry
from postroom.stalwart.registry_client import Call, StalwartClient
from postroom.stalwart.response_models import ResponseModel
from postroom.stalwart.settings_change import SINGLETON, change

_DEADLINE = 5.0
_PORT_25 = "local_port == 25"


class _Case(ResponseModel):
    condition: str = Field(alias="if")
    then: str


class Expression(ResponseModel):
    """The first case that matches decides; `otherwise` does if none matches."""

    cases: dict[str, _Case] = Field(alias="match")
    otherwise: str = Field(alias="else")

    @property
    def is_always(self) -> bool:
        return {self.otherwise, *(case.then for case in self.cases.values())} == {"true"}

    @property
    def is_default(self) -> bool:
        return self.otherwise == "false" and [case.condition for case in self.cases.values()] == [_PORT_25]


class _Stage(ResponseModel):
    added_when: Expression = Field(alias="addAuthResultsHeader")


class _Listed(ResponseModel):
    stages: list[_Stage] = Field(alias="list", min_length=1)


async def added_when(client: StalwartClient, registry: StalwartRegistry) -> Expression:
    """Raises `MailServerError`s."""

    async def ask(left: float) -> Expression:
        get: Call = ("x:MtaStageData/get", {"ids": [SINGLETON]})
        (stage, *_) = (await client.call([get], deadline=left)).read(0, _Listed).stages
        return stage.added_when

    return await registry.within(_DEADLINE, ask)


async def add_always(client: StalwartClient, registry: StalwartRegistry) -> None:
    """Raises `MailServerError`s."""
    wanted: dict[str, Any] = {"match": {}, "else": "true"}
    update = {"update": {SINGLETON: {"addAuthResultsHeader": wanted}}}
    what = "a field Authentication-Results in all mail"
    await registry.within(_DEADLINE, lambda left: change(client, "MtaStageData", update, what, deadline=left))
