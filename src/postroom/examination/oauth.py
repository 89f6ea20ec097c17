"""Stalwart's OAuth, by which an app password becomes tokens that outlive it."""

from postroom.examination.eyes import Eyes
from postroom.examination.finding import Finding
from postroom.examination.mail import HOW_TO
from postroom.runtime import Parts
from postroom.stalwart.client import StalwartClient
from postroom.stalwart.oauth_clients import TO_LOOK, registered_alone

PART = "oauth"


async def oauth(parts: Parts, administrator: StalwartClient | None) -> Finding:
    """With the eyes of `administrator`, else of our key."""
    eyes = Eyes(parts, administrator)

    async def ask() -> Finding:
        return of_clients(registered_alone=await registered_alone(eyes.client, eyes.registry))

    return await eyes.look(PART, TO_LOOK, ask)


def of_clients(*, registered_alone: bool) -> Finding:
    """What to say of the OAuth clients that Stalwart serves."""
    if registered_alone:
        return Finding(PART, "fine", "Stalwart gives tokens to registered OAuth clients alone")
    detail = "whoever reaches Stalwart's /api/auth may turn an app password into tokens that outlive its revocation"
    return Finding(PART, "warning", detail, f"let it serve registered OAuth clients alone ({HOW_TO})")
