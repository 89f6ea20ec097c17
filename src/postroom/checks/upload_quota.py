"""Checks how much a person may upload to Stalwart; `postroom check --fix` raises the quota."""

from postroom.checks.finding import Finding
from postroom.checks.inspector import Inspector
from postroom.composition.parts import Parts
from postroom.errors import MailServerError
from postroom.settings.mail_configuration import missing_for_mail
from postroom.stalwart.registry_client import StalwartClient
from postroom.stalwart.upload_quota import (
    BYTES,
    FILES,
    PERMISSIONS,
    READ_PERMISSIONS,
    UploadQuota,
    in_words,
    raise_upload_quota,
    upload_quota,
)

PART = "upload quota"
DONE = "fix"
RAISE = "postroom check --fix (with --admin LOGIN, if our key may not)"


async def upload_quota_of_people(parts: Parts, administrator: StalwartClient | None) -> Finding:
    """Whether the quota is large enough, read by `administrator` or by our key."""
    inspector = Inspector(parts, administrator)

    async def ask() -> Finding:
        return of_quota(await upload_quota(inspector.client, inspector.registry))

    return await inspector.ask(PART, READ_PERMISSIONS, ask)


def of_quota(found: UploadQuota) -> Finding:
    """The finding for this quota."""
    detail = f"a person may upload {in_words(found.files, found.size)} within {found.milliseconds / 60_000:g} min"
    if found.is_enough:
        return Finding(PART, "ok", detail)
    return Finding(PART, "warning", f"{detail}: larger attachments are refused until that time has passed", RAISE)


async def fix_upload_quota(parts: Parts, administrator: StalwartClient | None, *, dry_run: bool) -> Finding | None:
    """Raise the quota; with `dry_run`, only say so. None if there is nothing to do."""
    if missing_for_mail(parts.settings):
        return None
    inspector = Inspector(parts, administrator)
    try:
        if lacking := await inspector.lacking(READ_PERMISSIONS if dry_run else PERMISSIONS):
            detail = f"the upload quota was not raised: our key lacks {', '.join(lacking)}"
            return Finding(DONE, "error", detail, "run it once with --admin LOGIN, an administrator of Stalwart")
        before = await upload_quota(inspector.client, inspector.registry)
        if before.is_enough:
            return None
        if not dry_run:
            await raise_upload_quota(inspector.client, inspector.registry, before)
        what = "would be done" if dry_run else "done"
        return Finding(DONE, "ok", f"{what}: the upload quota raised to {in_words(FILES, BYTES)}")
    except MailServerError as error:
        return Finding(
            DONE,
            "error",
            f"the upload quota was not raised: {inspector.why(error)}",
            "fix that, then run this command again",
        )
