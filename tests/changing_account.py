"""An account of Stalwart that an operator changes, and the logins that open it, for contract tests."""

from typing import Any

import httpx2

from stalwart_client import Answer, StalwartClient

OFF: Answer = {"@type": "Merge", "enabledPermissions": {}, "disabledPermissions": {"authenticate": True}}
INHERIT: Answer = {"@type": "Inherit"}


def alias(client: StalwartClient, address: str, *, enabled: bool = True, **more: Any) -> Answer:
    return {"name": address.partition("@")[0], "domainId": client.domain, "enabled": enabled, **more}


def mark(client: StalwartClient, identity: str) -> Answer:
    return alias(client, f"postroom-{identity}", enabled=False, description="Made by Postroom\nfor identity …")


async def opened(client: StalwartClient, header: str) -> int | str:
    """The account whose session the header opens, or the status of the refusal."""
    async with httpx2.AsyncClient(base_url=client.url, headers={"Authorization": header}) as http:
        answer = await http.get("/jmap/session")
    if answer.status_code != 200:
        return answer.status_code
    (account,) = answer.json()["accounts"]
    return account


async def app_password(client: StalwartClient, account: str) -> Answer:
    return (await client.try_create("AppPassword", account=account, description="phone"))["created"]
