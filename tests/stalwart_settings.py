"""Settings of a Stalwart of the tests: who gets OAuth tokens, which mail gets an Authentication-Results field, what
scripts may not do, how much a person may upload within an hour, and which IP addresses are never banned."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from stalwart_client import Answer, StalwartClient

CLIENTS = "OidcProvider"
RESULTS = "MtaStageData"
SCRIPTS = "SieveUserInterpreter"
UPLOADS = "Jmap"

OPEN = {"requireClientRegistration": False, "anonymousClientRegistration": True}
REGISTERED_ONLY = {"requireClientRegistration": True, "anonymousClientRegistration": False}
PORT_25: Answer = {
    "addAuthResultsHeader": {"match": {"0": {"if": "local_port == 25", "then": "true"}}, "else": "false"}
}
SMALL = {"maxUploadCount": 1000, "uploadQuota": 50_000_000}
"""`OPEN`, `PORT_25` and `SMALL` are the defaults of the server."""


async def values(admin: StalwartClient, kind: str, *names: str) -> Answer:
    found = await admin.get("singleton", kind)
    return {name: found[name] for name in names}


async def change(admin: StalwartClient, kind: str, changed: Mapping[str, Any]) -> None:
    """Change the settings of this kind as in docs/how-to/mail.md."""
    answers = await admin.calls(
        (f"x:{kind}/set", {"update": {"singleton": changed}}),
        ("x:Action/set", {"create": {"c": {"@type": "ReloadSettings"}}}),
    )
    assert answers[0]["updated"] == {"singleton": None}, answers


@asynccontextmanager
async def changed(admin: StalwartClient, kind: str, to: Mapping[str, Any]) -> AsyncIterator[None]:
    """Settings of this kind, until the end of the block."""
    before = await values(admin, kind, *to)
    await change(admin, kind, to)
    try:
        yield
    finally:
        await change(admin, kind, before)


async def disallow(admin: StalwartClient, address: str) -> None:
    """The server may ban this address or network again."""
    found = await admin.call("x:AllowedIp/query", filter={"address": address})
    await admin.call("x:AllowedIp/set", destroy=found["ids"])
