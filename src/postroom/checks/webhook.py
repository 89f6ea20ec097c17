"""Checks Stalwart's webhook about new mail; `postroom check --fix` sets it up."""

from postroom.checks.finding import Finding, State, joined
from postroom.checks.inspector import Inspector
from postroom.composition.parts import Parts
from postroom.errors import ConfigurationError, MailServerError
from postroom.settings.mail_configuration import missing_for_mail, stalwart_webhook_url
from postroom.settings.settings import Settings
from postroom.stalwart.registry_client import StalwartClient
from postroom.stalwart.webhook_setup import PERMISSIONS, READ_PERMISSIONS, WebhookSetup, WebhookState

PART = "webhook"
DONE = "fix"
SET_UP = "postroom check --fix (with --admin LOGIN, if our key may not)"
WRONG = frozenset({"enable", "events", "eventsPolicy", "signatureKey"})
"""Settings that make a webhook useless if they are wrong; the others make it slower or less safe."""


async def webhook(parts: Parts, administrator: StalwartClient | None) -> Finding:
    """Whether Stalwart has the webhook, read by `administrator` or by our key."""
    settings, inspector = parts.settings, Inspector(parts, administrator)
    if not settings.stalwart_webhook_key:
        return of_none(settings)
    try:
        url = stalwart_webhook_url(settings)
    except ConfigurationError as error:
        return Finding(PART, "error", "it is not known which address Stalwart should call", str(error))

    async def ask() -> Finding:
        return of_state(await WebhookSetup(inspector.client, inspector.registry).state(url), url)

    return await inspector.ask(PART, READ_PERMISSIONS, ask)


def of_none(settings: Settings) -> Finding:
    """The finding if no webhook is configured."""
    how = f"to have one, set POSTROOM_STALWART_WEBHOOK_KEY, then {SET_UP}"
    if settings.mail_eventsource:
        return Finding(PART, "ok", "none; Postroom listens to the EventSource of people who are online", how)
    return Finding(PART, "error", "none, and POSTROOM_MAIL_EVENTSOURCE is off: new mail is announced minutes late", how)


def of_state(found: WebhookState, url: str) -> Finding:
    """The finding for the webhooks that Stalwart has."""
    if not found.ids:
        others = f"; others call {joined(found.elsewhere)}" if found.elsewhere else ""
        how = f"{SET_UP}; or set POSTROOM_STALWART_WEBHOOK_URL to the right one" if found.elsewhere else SET_UP
        return Finding(PART, "error", f"none calls {url}{others}", how)
    if len(found.ids) > 1:
        return Finding(PART, "warning", f"{len(found.ids)} call {url}: as many requests for each message", SET_UP)
    if found.wrong:
        state: State = "error" if WRONG & found.wrong.keys() else "warning"
        return Finding(PART, state, f"calls {url} with wrong settings: {_wrong(found)}", SET_UP)
    return Finding(PART, "ok", f"calls {url}; Stalwart does not show whether its key is ours")


def _wrong(found: WebhookState) -> str:
    return ", ".join(f"{name}: {value}" for name, value in found.wrong.items())


async def fix_webhook(parts: Parts, administrator: StalwartClient | None, *, dry_run: bool) -> Finding:
    """Set the webhook up; with `dry_run`, only say what would be done."""
    settings, key = parts.settings, parts.settings.stalwart_webhook_key
    if missing := missing_for_mail(settings):
        return Finding(DONE, "error", "no webhook: mail for people is off", f"set {joined(missing)}")
    if key is None:
        how = "set it to what openssl rand -base64 32 prints, restart the service, then run this command again"
        return Finding(DONE, "error", "no webhook: POSTROOM_STALWART_WEBHOOK_KEY is not set", how)
    inspector = Inspector(parts, administrator)
    setup = WebhookSetup(inspector.client, inspector.registry)
    try:
        url = stalwart_webhook_url(settings)
        if lacking := await inspector.lacking(READ_PERMISSIONS if dry_run else PERMISSIONS):
            detail = f"nothing was done: our key lacks {', '.join(lacking)}"
            return Finding(DONE, "error", detail, "run it once with --admin LOGIN, an administrator of Stalwart")
        if dry_run:
            return Finding(DONE, "ok", "would be done: " + of_change(await setup.state(url), url))
        return Finding(DONE, "ok", "done: " + of_change(await setup.ensure(url, key.get_secret_value()), url))
    except ConfigurationError as error:
        return Finding(DONE, "error", "it is not known which address Stalwart should call", str(error))
    except MailServerError as error:
        detail = f"the webhook was not set up: {inspector.why(error)}"
        return Finding(DONE, "error", detail, "fix that, then run this command again")


def of_change(before: WebhookState, url: str) -> str:
    """What setting the webhook up changes."""
    kept = f"; not changed: those that call {joined(before.elsewhere)}" if before.elsewhere else ""
    if not before.ids:
        return f"a webhook that calls {url}{kept}"
    number = "the webhook" if len(before.ids) == 1 else f"one webhook instead of {len(before.ids)}"
    was = f", which had {_wrong(before)}" if before.wrong else ""
    # Recreated even if all visible settings are right: the key is not visible.
    return f"{number} that calls {url}, recreated with our key{was}{kept}"
