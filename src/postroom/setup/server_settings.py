"""Changes the settings of Stalwart that mail for people needs."""

import secrets
from collections.abc import Sequence

from postroom.settings.mail_configuration import stalwart_webhook_url
from postroom.settings.settings import Settings
from postroom.setup.administrator import Administrator
from postroom.setup.secret_file import SecretFile
from postroom.setup.step import State, Step
from postroom.stalwart.allowed_ips import AllowedIps, IpNetwork, contains, spelled
from postroom.stalwart.authentication_results import add_always, added_when
from postroom.stalwart.oauth_clients import require_registration, requires_registration
from postroom.stalwart.upload_quota import BYTES, FILES, in_words, raise_upload_quota, upload_quota
from postroom.stalwart.user_scripts import disable, forging_capabilities
from postroom.stalwart.webhook_setup import WebhookSetup

WEBHOOK = "webhook"
ALLOWED_IP = "allowed IP"
UPLOAD_QUOTA = "upload quota"
AUTHENTICATION_RESULTS = "Authentication-Results"
USER_SCRIPTS = "user scripts"
OAUTH = "OAuth clients"
_COPY = "copy that file to all hosts of Postroom"


async def ensure_webhook(by: Administrator, settings: Settings, file: SecretFile) -> Step:
    """Make sure that Stalwart has a webhook to Postroom, signed with the key in the file. Raises `ConfigurationError`
    and `MailServerError`s."""
    url, key = stalwart_webhook_url(settings), file.read()
    hooks = WebhookSetup(by.client, by.registry)
    before = await hooks.state(url)
    if key and len(before.ids) == 1 and not before.wrong:
        details = f"sends to {url}; Stalwart does not show whether its key is the one in {file.source}"
        return Step(WEBHOOK, "ok", details, "if it is not: postroom check --fix --admin LOGIN")
    if not by.dry_run:
        if not key:
            file.require_writable()
        # The file is written last: if this is interrupted, the next run finds no key, and creates both again.
        new = key or secrets.token_urlsafe(32)
        await hooks.ensure(url, new)
        if not key:
            file.write(new)
    what = "replaced" if before.ids else "created"
    details = f"{what}: sends to {url}, with the key in {file.source}" + ("" if key else ", which is new")
    return Step(WEBHOOK, _changed(by), details, _COPY if before.ids and not key else "")


async def ensure_allowed(by: Administrator, addresses: Sequence[IpNetwork]) -> Step:
    """Make sure that `x:AllowedIp` has these addresses. Raises `MailServerError`s."""
    allowed_ips = AllowedIps(by.client, by.registry)
    listed = await allowed_ips.listed()
    new = [each for each in addresses if not any(contains(network, each) for network in listed)]
    if not new:
        return Step(ALLOWED_IP, "ok", f"Stalwart never bans {_named(addresses)}")
    if not by.dry_run:
        for address in new:
            await allowed_ips.add(address)
    return Step(ALLOWED_IP, _changed(by), f"added to x:AllowedIp: {_named(new)}")


async def ensure_upload_quota(by: Administrator) -> Step:
    """Raises `MailServerError`s."""
    before = await upload_quota(by.client, by.registry)
    if before.is_enough:
        return Step(UPLOAD_QUOTA, "ok", f"a person may upload {in_words(before.files, before.size)}")
    if not by.dry_run:
        await raise_upload_quota(by.client, by.registry, before)
    raised = in_words(max(FILES, before.files), max(BYTES, before.size))
    details = f"raised to {raised} for each person, from {in_words(before.files, before.size)}"
    return Step(UPLOAD_QUOTA, _changed(by), details)


async def ensure_authentication_results(by: Administrator) -> Step:
    """Make sure that Stalwart adds its own Authentication-Results to all mail. Raises `MailServerError`s."""
    before = await added_when(by.client, by.registry)
    if before.is_always:
        return Step(AUTHENTICATION_RESULTS, "ok", "Stalwart adds its own to all mail")
    if not before.is_default:
        details = "Stalwart adds its own under conditions of yours: where they do not apply, a sender can forge it"
        return Step(AUTHENTICATION_RESULTS, "warning", details, "see addAuthResultsHeader of x:MtaStageData")
    if not by.dry_run:
        await add_always(by.client, by.registry)
    details = "from now on, Stalwart adds its own to all mail, so that no sender can forge it"
    return Step(AUTHENTICATION_RESULTS, _changed(by), details)


async def ensure_honest_scripts(by: Administrator) -> Step:
    """Make sure that no Sieve script of a person changes the mail that it redirects. Raises `MailServerError`s."""
    forging = await forging_capabilities(by.client, by.registry)
    if not forging:
        return Step(USER_SCRIPTS, "ok", "a person's Sieve script cannot change a mail, and so not send as anybody")
    if not by.dry_run:
        await disable(by.client, by.registry, forging)
    details = f"from now on, a person's Sieve script that needs {' or '.join(sorted(forging))} only keeps the mail"
    return Step(USER_SCRIPTS, _changed(by), f"{details}: with it, it could send as anybody")


async def ensure_registered_clients(by: Administrator) -> Step:
    """Raises `MailServerError`s."""
    if await requires_registration(by.client, by.registry):
        return Step(OAUTH, "ok", "Stalwart issues tokens to registered clients only")
    if not by.dry_run:
        await require_registration(by.client, by.registry)
    return Step(OAUTH, _changed(by), "from now on, Stalwart issues tokens to registered clients only")


def _changed(by: Administrator) -> State:
    return "would change" if by.dry_run else "changed"


def _named(addresses: Sequence[IpNetwork]) -> str:
    return ", ".join(map(spelled, addresses))
