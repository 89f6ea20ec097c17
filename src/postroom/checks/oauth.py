"""Checks Stalwart's OAuth, which can turn an app password into tokens that outlive it."""

from postroom.checks.finding import Finding
from postroom.checks.inspector import Inspector
from postroom.composition.parts import Parts
from postroom.stalwart.oauth_clients import READ_PERMISSIONS, requires_registration
from postroom.stalwart.registry_client import StalwartClient

PART = "oauth"


async def oauth(parts: Parts, administrator: StalwartClient | None) -> Finding:
    """Whether Stalwart requires registered clients, read by `administrator` or by our key."""
    inspector = Inspector(parts, administrator)

    async def ask() -> Finding:
        return of_clients(registered_only=await requires_registration(inspector.client, inspector.registry))

    return await inspector.ask(PART, READ_PERMISSIONS, ask)


def of_clients(*, registered_only: bool) -> Finding:
    """The finding for the OAuth clients that Stalwart accepts."""
    if registered_only:
        return Finding(PART, "ok", "Stalwart gives tokens to registered OAuth clients only")
    detail = "any client that reaches Stalwart can turn an app password into tokens that outlive its revocation"
    return Finding(PART, "warning", detail, "run postroom setup stalwart --admin LOGIN --registered-oauth-clients")
