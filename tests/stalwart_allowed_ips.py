"""The IP addresses that a Stalwart never bans, in the hands of a test."""

from stalwart_client import StalwartClient


async def disallow(admin: StalwartClient, address: str) -> None:
    """The server may ban this address or network again."""
    found = await admin.call("x:AllowedIp/query", filter={"address": address})
    await admin.call("x:AllowedIp/set", destroy=found["ids"])
