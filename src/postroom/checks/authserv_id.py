"""Checks that POSTROOM_AUTHSERV_ID is the name in Stalwart's Authentication-Results: with any other, no sender counts
as confirmed, and nothing else shows it."""

from postroom.checks.finding import Finding
from postroom.checks.inspector import Inspector
from postroom.composition.parts import Parts
from postroom.stalwart.host_name import READ_PERMISSIONS, host_name
from postroom.stalwart.registry_client import StalwartClient

PART = "authserv id"


async def authserv_id(parts: Parts, administrator: StalwartClient | None) -> Finding | None:
    """Whether it is Stalwart's host name, read by `administrator` or by our key. None if it is not set."""
    ours, inspector = parts.settings.authserv_id, Inspector(parts, administrator)
    if not ours:
        return None

    async def ask() -> Finding:
        return of_names(ours, await host_name(inspector.client, inspector.registry))

    return await inspector.ask(PART, READ_PERMISSIONS, ask)


def of_names(ours: str, theirs: str) -> Finding:
    """The finding for our setting and Stalwart's host name."""
    if ours.casefold() == theirs.casefold():
        return Finding(PART, "ok", f"{ours} is Stalwart's host name")
    details = f"POSTROOM_AUTHSERV_ID is {ours}, but Stalwart's defaultHostname is {theirs}: no sender is confirmed"
    return Finding(
        PART, "warning", details, f"set POSTROOM_AUTHSERV_ID={theirs}, unless you gave its mail another name"
    )
