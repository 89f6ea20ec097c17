"""Checks the settings, and defines which checks need which settings."""

from collections.abc import Sequence

from postroom.checks.finding import Finding
from postroom.settings.settings import Settings
from postroom.settings.wrong_setting import UnknownName, WrongSetting

PART = "settings"

OF_MARKS = frozenset({"domains", "mark_domain"})
OF_MAIL_SERVER = OF_MARKS | {"stalwart_url", "stalwart_api_key"}
OF_MAIL = OF_MAIL_SERVER | {
    "kratos_public_url",
    "public_url",
    "trusted_proxies",
    "mail_master",
    "encryption_key",
    "encryption_key_previous",
    "stalwart_webhook_key",
    "stalwart_webhook_url",
    "mail_eventsource",
    "centrifugo_api_url",
    "centrifugo_url",
    "centrifugo_api_key",
    "centrifugo_token_key",
    "imap_server",
    "submission_server",
    "authserv_id",
}
"""The names in `Settings` without which the marks, the mail server and mail for people cannot be checked."""


def wrong_settings(wrong: Sequence[WrongSetting]) -> list[Finding]:
    return [Finding(PART, "error", each.problem, each.fix) for each in wrong]


def unknown_settings(names: Sequence[UnknownName]) -> list[Finding]:
    return [Finding(PART, "warning", str(each), each.fix) for each in names]


def settings_in_use(settings: Settings) -> list[Finding]:
    """The finding for valid settings."""
    if settings.delay_factor != 1:
        details = f"delays are multiplied by {settings.delay_factor}"
        return [Finding(PART, "warning", details, "remove POSTROOM_DELAY_FACTOR in production")]
    return [Finding(PART, "ok", f"domains {', '.join(settings.domains)}; marks in {settings.mark_domain}")]
