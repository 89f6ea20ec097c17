"""Whom a Stalwart of the tests gives OAuth tokens to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from stalwart_client import StalwartClient

CLOSED = {"requireClientRegistration": True, "anonymousClientRegistration": False}
OPEN = {"requireClientRegistration": False, "anonymousClientRegistration": True}
"""As the server is by default."""


async def set_oauth(admin: StalwartClient, values: dict[str, bool]) -> None:
    """As docs/how-to/mail.md has it."""
    answers = await admin.calls(
        ("x:OidcProvider/set", {"update": {"singleton": values}}),
        ("x:Action/set", {"create": {"c": {"@type": "ReloadSettings"}}}),
    )
    assert answers[0]["updated"] == {"singleton": None}, answers


@asynccontextmanager
async def registered_clients_alone(admin: StalwartClient) -> AsyncIterator[None]:
    await set_oauth(admin, CLOSED)
    try:
        yield
    finally:
        await set_oauth(admin, OPEN)
