"""What the Sieve scripts of people may do: `x:SieveUserInterpreter`.

A script can write any field of a mail that it redirects, and Stalwart looks at neither From nor the field
Authentication-Results of it (0.16.19): a person of the same server could send as anybody, and as confirmed.
"""

from pydantic import Field

from postroom.stalwart.registry import StalwartRegistry
from postroom.stalwart.registry_client import Call, StalwartClient
from postroom.stalwart.response_models import ResponseModel
from postroom.stalwart.settings_change import SINGLETON, change

FORGING = frozenset({"editheader", "enclose", "replace"})
"""The capabilities by which a script changes a mail (RFC 5293, RFC 5703)."""
_DEADLINE = 5.0


class _Interpreter(ResponseModel):
    disabled: dict[str, bool] = Field(alias="disableCapabilities")


class _Listed(ResponseModel):
    interpreters: list[_Interpreter] = Field(alias="list", min_length=1)


async def forging_capabilities(client: StalwartClient, registry: StalwartRegistry) -> frozenset[str]:
    """Those of `FORGING` that scripts may use. Raises `MailServerError`s."""

    async def ask(left: float) -> frozenset[str]:
        get: Call = ("x:SieveUserInterpreter/get", {"ids": [SINGLETON]})
        (interpreter, *_) = (await client.call([get], deadline=left)).read(0, _Listed).interpreters
        return FORGING - {name for name, is_disabled in interpreter.disabled.items() if is_disabled}

    return await registry.within(_DEADLINE, ask)


async def disable(client: StalwartClient, registry: StalwartRegistry, capabilities: frozenset[str]) -> None:
    """Raises `MailServerError`s."""
    patch = {f"disableCapabilities/{name}": True for name in sorted(capabilities)}
    update = {"update": {SINGLETON: patch}}
    what = f"scripts without {', '.join(sorted(capabilities))}"
    await registry.within(_DEADLINE, lambda left: change(client, "SieveUserInterpreter", update, what, deadline=left))
