"""Checks that Stalwart never bans our address; `postroom check --fix` adds it to `x:AllowedIp`."""

from collections.abc import Awaitable, Callable, Sequence

from postroom.checks.finding import Finding, joined
from postroom.checks.inspector import Inspector
from postroom.composition.parts import Parts
from postroom.errors import MailServerError
from postroom.settings.mail_configuration import missing_for_mail
from postroom.stalwart.allowed_ips import PERMISSIONS, READ_PERMISSIONS, AllowedIps, IpNetwork, spelled
from postroom.stalwart.own_address import OwnAddress, own_address
from postroom.stalwart.registry_client import StalwartClient

PART = "allowed ip"
DONE = "fix"
ALLOW = "postroom check --fix (with --admin LOGIN, if our key may not), on each host that runs Postroom"
BY_HAND = "add the address by which Stalwart sees this host to x:AllowedIp"

Asked = Callable[[str], Awaitable[OwnAddress]]


async def allowed_ip(parts: Parts, administrator: StalwartClient | None, *, asked: Asked = own_address) -> Finding:
    """Whether Stalwart never bans our address, read by `administrator` or by our key."""
    inspector = Inspector(parts, administrator)
    try:
        address = await asked(parts.settings.stalwart_url)
    except MailServerError as error:
        return Finding(PART, "error", f"not checked: {error}", "fix the mail server first")
    if address.never_banned:
        return of_allowed(address, [])

    async def ask() -> Finding:
        return of_allowed(address, await AllowedIps(inspector.client, inspector.registry).listed())

    return await inspector.ask(PART, READ_PERMISSIONS, ask)


def of_allowed(address: OwnAddress, allowed: Sequence[IpNetwork]) -> Finding:
    """The finding for our address and the networks that Stalwart allows."""
    ours = address.ours
    if address.never_banned:
        return Finding(
            PART,
            "ok",
            f"Stalwart never bans {ours}, if that is how it sees us: from a container it may be another address",
        )
    if address.translated:
        known = f"allowed are {joined(map(spelled, allowed))}" if allowed else "none is allowed"
        detail = f"we are {ours} here, which is private: Stalwart at {address.theirs} sees another address; {known}"
        return Finding(PART, "warning", detail, BY_HAND)
    if by := next((each for each in allowed if ours in each), None):
        how = "" if by.num_addresses == 1 else f", by {by}"
        return Finding(PART, "ok", f"{ours} is in x:AllowedIp{how}: Stalwart does not ban it")
    detail = f"{ours} is not in x:AllowedIp: Stalwart bans it after 100 failed logins a day, and then nobody has mail"
    return Finding(PART, "error", detail, ALLOW)


async def fix_allowed_ip(
    parts: Parts, administrator: StalwartClient | None, *, dry_run: bool, asked: Asked = own_address
) -> Finding | None:
    """Add our address; with `dry_run`, only say so. None if there is nothing to do."""
    if missing_for_mail(parts.settings):
        return None
    inspector = Inspector(parts, administrator)
    try:
        address = await asked(parts.settings.stalwart_url)
        if address.never_banned:
            return None
        if address.translated:
            return Finding(
                DONE, "warning", f"no address was allowed: Stalwart does not see us as {address.ours}", BY_HAND
            )
        if lacking := await inspector.lacking(READ_PERMISSIONS if dry_run else PERMISSIONS):
            detail = f"{address.ours} was not allowed: our key lacks {', '.join(lacking)}"
            return Finding(DONE, "error", detail, "run it once with --admin LOGIN, an administrator of Stalwart")
        allowed_ips = AllowedIps(inspector.client, inspector.registry)
        if any(address.ours in each for each in await allowed_ips.listed()):
            return None
        if not dry_run:
            await allowed_ips.add(address.ours)
        what = "would be done" if dry_run else "done"
        return Finding(DONE, "ok", f"{what}: {address.ours} added to x:AllowedIp, so that Stalwart never bans it")
    except MailServerError as error:
        return Finding(
            DONE,
            "error",
            f"our address was not allowed: {inspector.why(error)}",
            "fix that, then run this command again",
        )
