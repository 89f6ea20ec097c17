"""Checks whether mail for people is on, and its settings."""

from collections.abc import Callable

from postroom.checks.finding import Finding, joined
from postroom.devices.servers import mail_servers
from postroom.errors import ConfigurationError
from postroom.settings.mail_configuration import centrifugo_of, missing_for_mail
from postroom.settings.settings import Settings
from postroom.settings.wrong_setting import PREFIX
from postroom.stalwart.impersonation import Impersonation
from postroom.stalwart.password_cipher import PasswordCipher

ONLY_FOR_MAIL = (
    "mail_master",
    "encryption_key",
    "stalwart_webhook_key",
    "stalwart_webhook_url",
    "centrifugo_api_url",
    "centrifugo_url",
    "centrifugo_api_key",
    "centrifugo_token_key",
)
"""Settings that are of no use without mail for people."""


def mail(settings: Settings) -> list[Finding]:
    if missing := missing_for_mail(settings):
        begun = [PREFIX + name.upper() for name in ONLY_FOR_MAIL if getattr(settings, name)]
        found = [_off(missing, begun)]
    elif settings.mail_master:
        found = [Finding("mail", "ok", "on; Postroom acts for people by a master account")]
    else:
        found = [Finding("mail", "ok", "on; Postroom acts for each person by an app password")]
    found += [
        Finding("mail", "error", problem, "correct it: the service does not start with it")
        for problem in _broken(settings)
    ]
    if not missing and not settings.public_url:
        found.append(
            Finding(
                "mail",
                "warning",
                "POSTROOM_PUBLIC_URL is not set: requests for a host name are refused, unless POSTROOM_HOSTS holds it, "
                "and JMAP clients behind a proxy are given addresses that lead nowhere",
                "set it to the base URL that browsers show",
            )
        )
    if not missing and (settings.public_url or "").startswith("https:") and not settings.trusted_proxies:
        found.append(
            Finding(
                "mail",
                "error",
                "POSTROOM_TRUSTED_PROXIES does not name the proxy that serves POSTROOM_PUBLIC_URL: all people count as "
                "one client, and a hundred wrong passwords stop everybody from signing in",
                "set it to the address from which the proxy connects, such as 127.0.0.1",
            )
        )
    return found


def _off(missing: list[str], begun: list[str]) -> Finding:
    if not begun:
        detail = "off: mailboxes are made, but nobody can read mail through Postroom"
        return Finding("mail", "ok", detail, f"to switch it on, set {joined(missing)}")
    what = "is" if len(begun) == 1 else "are"
    return Finding("mail", "error", f"off, though {joined(begun)} {what} set", f"set {joined(missing)}, too")


def _broken(settings: Settings) -> list[str]:
    """Errors in settings with which the service would not start."""

    def of_devices() -> object:
        return mail_servers(settings.stalwart_url, settings.imap_server, settings.submission_server)

    makers: list[Callable[[], object]] = [of_devices, lambda: centrifugo_of(settings)]
    if master := settings.mail_master:
        makers.append(lambda: Impersonation(master.get_secret_value()))
    elif key := settings.encryption_key:
        previous = settings.encryption_key_previous
        makers.append(lambda: PasswordCipher(key.get_secret_value(), previous.get_secret_value() if previous else None))
    return [problem for problem in map(_problem, makers) if problem]


def _problem(make: Callable[[], object]) -> str | None:
    try:
        make()
    except ConfigurationError as error:
        return str(error)
    return None
