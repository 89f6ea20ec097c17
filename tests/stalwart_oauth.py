"""Which clients get OAuth tokens from a Stalwart of the tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from stalwart_client import StalwartClient

CLOSED = {"requireClientRegistration": True, "anonymousClientRegistration": False}
OPEN = {"requireClientRegistration": False, "anonymousClientRegistration": True}
"""The default of the server."""


async def set_oauth(admin: StalwartClient, values: dict[str, bool]) -> None:
    """Change the setting as in docs/how-to/mail.md."""
    answers = await admin.calls(
        ("x:OidcProvider/set", {"update": {"singleton": values}}),
        ("x:Action/set", {"create": {"c": {"@type": "ReloadSettings"}}}),
    )
    assert answers[0]["updated"] == {"singleton": None}, answers


@asynccontextmanager
async def registered_clients_only(admin: StalwartClient) -> AsyncIterator[None]:
    await set_oauth(admin, CLOSED)
    try:
        yield
    finally:
        await set_oauth(admin, OPEN)
