"""Reads from the settings whether mail for people is on, which publisher sends live events, and where Stalwart sends
its webhook."""

import ipaddress
from urllib.parse import urlsplit

from pydantic import SecretStr

from postroom.errors import ConfigurationError
from postroom.realtime.centrifugo import Centrifugo
from postroom.realtime.connection_token import CentrifugoForBrowsers
from postroom.settings.settings import Settings
from postroom.settings.web_urls import is_for_connections, url_on_this_host
from postroom.stalwart.webhook import PATH


def missing_for_mail(settings: Settings) -> list[str]:
    """The missing settings without which mail for people is off; mailboxes are provisioned all the same."""
    missing = [] if settings.kratos_public_url else ["POSTROOM_KRATOS_PUBLIC_URL"]
    if not settings.mail_master and not settings.encryption_key:
        missing.append("POSTROOM_MAIL_MASTER or POSTROOM_ENCRYPTION_KEY")
    return missing


def centrifugo_of(settings: Settings) -> tuple[Centrifugo, CentrifugoForBrowsers] | None:
    """None if Postroom publishes events itself. Raises `ConfigurationError` when only a part is configured, or
    browsers cannot connect to its URL."""
    needed = {
        "POSTROOM_CENTRIFUGO_API_URL": settings.centrifugo_api_url,
        "POSTROOM_CENTRIFUGO_URL": settings.centrifugo_url,
        "POSTROOM_CENTRIFUGO_API_KEY": text_of(settings.centrifugo_api_key),
        "POSTROOM_CENTRIFUGO_TOKEN_KEY": text_of(settings.centrifugo_token_key),
    }
    if not any(needed.values()):
        return None
    if missing := [name for name, value in needed.items() if not value]:
        raise ConfigurationError(f"for Centrifugo, set {' and '.join(missing)}, too")
    api_url, url, api_key, token_key = (value or "" for value in needed.values())
    if not is_for_connections(url):
        raise ConfigurationError(
            "POSTROOM_CENTRIFUGO_URL must be a complete URL, such as wss://mail.example.org/connection/websocket"
        )
    return Centrifugo(api_url, api_key), CentrifugoForBrowsers(url, token_key)


def stalwart_webhook_url(settings: Settings) -> str:
    """The URL by which Stalwart reaches our webhook. Raises `ConfigurationError`."""
    if settings.stalwart_webhook_url:
        return settings.stalwart_webhook_url
    if _is_here(urlsplit(settings.stalwart_url).hostname or "") and settings.port:
        return url_on_this_host(settings.host, settings.port) + PATH
    if settings.public_url:
        return settings.public_url.rstrip("/") + PATH
    raise ConfigurationError(
        f"set POSTROOM_STALWART_WEBHOOK_URL to where Stalwart reaches Postroom, such as http://10.0.0.5:3001{PATH}"
    )


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def text_of(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""
