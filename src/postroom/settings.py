"""Settings: one environment variable each, `POSTROOM_…`; a secret may come from a file (`POSTROOM_…_FILE`)."""

import os
import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator

from postroom.domain.address import NEVER_GIVEN, RESERVED_NAMES, normalise_domain, printable
from postroom.errors import ConfigurationError, Refused
from postroom.store_urls import RedisUrl, require_database_url

PREFIX = "POSTROOM_"
OF_A_TRIAL = frozenset({"URL"})
"""No setting: `postroom env` tells the service's address by it, for curl."""
_ORIGIN = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<host>[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(?::(?P<port>[1-9][0-9]{0,4}))?"
)
"""RFC 6454 §6.2; also of apps that bring their own scheme (`app://…`)"""

SECRETS = (
    "DATABASE_URL",
    "MIGRATE_DATABASE_URL",
    "REDIS_URL",
    "STALWART_API_KEY",
    "WEBHOOK_KEY",
    "WEBHOOK_KEY_PREVIOUS",
    "METRICS_TOKEN",
    "MAIL_MASTER",
    "ENCRYPTION_KEY",
    "ENCRYPTION_KEY_PREVIOUS",
    "STALWART_WEBHOOK_KEY",
    "CENTRIFUGO_API_KEY",
    "CENTRIFUGO_TOKEN_KEY",
)


class Settings(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)

    database_url: SecretStr = Field(
        description="PostgreSQL of the service's own role; several hosts and target_session_attrs are welcome"
    )
    migrate_database_url: SecretStr | None = Field(
        None, description="PostgreSQL of the owner, for migrations only; the service's role needs far less"
    )
    redis_url: SecretStr | None = Field(
        None,
        description="Redis or Valkey, also behind Sentinel (redis+sentinel://…); "
        "empty: PostgreSQL alone, with the same promises",
    )
    stalwart_url: str = Field(description="Base URL of the mail server")
    stalwart_api_key: SecretStr = Field(description="API_… (bearer), or user@domain:password (basic)")
    kratos_public_url: str | None = Field(None, description="Kratos' public API")
    kratos_admin_url: str | None = Field(
        None,
        description="Kratos' admin API; empty: no sweep of identities, a lost hook stays lost, and access tokens "
        "outlive their identity",
    )
    webhook_key: SecretStr = Field(description="What Kratos sends in X-Postroom-Key; 16 characters at least")
    webhook_key_previous: SecretStr | None = Field(None, description="A second key that is accepted while you rotate")
    domains: tuple[str, ...] = Field(
        description="Mail domains served, separated by commas; the first is the mark's by default"
    )
    mark_domain: str = Field("", description="Domain that holds the marks; never to be changed after its first use")
    reserved_names: frozenset[str] = Field(
        frozenset(), description="Names before the @ that nobody gets beside the built-in ones, separated by commas"
    )
    unreserved_names: frozenset[str] = Field(
        frozenset(), description="Built-in reserved names that may be given away all the same, separated by commas"
    )
    quota_bytes: int | None = Field(
        None, ge=1, description="Disk quota of a new mailbox; empty: the mail server's default"
    )
    host: str = Field("0.0.0.0", description="Address that the service listens on")
    port: int = Field(3001, ge=0, le=65535, description="Port that the service listens on")
    work_host: str = Field("127.0.0.1", description="Address where a worker of its own answers /health and /metrics")
    work_port: int = Field(
        0, ge=0, le=65535, description="Its port; 0: any free one, told in the log, so that several run on one host"
    )
    worker: bool = Field(True, description="Whether the service has a retry worker inside")
    concurrency: int = Field(
        0,
        ge=0,
        le=64,
        description="Attempts under way in one process; 0: 4 for a service, 2 for a worker of its own. "
        "Stalwart serves an account 4 requests at a time, over all processes",
    )
    pace: float = Field(
        10.0,
        ge=0,
        description="Attempts a worker starts in a second; 0: no limit, for a role with unlimitedRequests",
    )
    sweep_seconds: float = Field(
        300.0, ge=1, description="From the end of a sweep of Kratos' identities to the next one"
    )
    retry_after_seconds: int = Field(
        25, ge=1, le=600, description="Retry-After of the 503 while PostgreSQL is away; Kratos obeys it"
    )
    hooks_at_once: int = Field(
        64,
        ge=1,
        description="Hooks that a process serves at once; whoever comes beyond is told 503 with Retry-After, unread",
    )
    inline_deadline_seconds: float = Field(
        5.0, gt=0, le=25, description="How long a hook waits for its mailbox before it is told: will retry"
    )
    inline_lease_seconds: float = Field(10.0, gt=0, description="Lease of an in-line attempt")
    lease_seconds: float = Field(30.0, gt=0, description="Lease of a worker's attempt")
    drain_seconds: float = Field(15.0, ge=0, description="How long attempts may go on after SIGTERM")
    pool_size: int = Field(10, ge=2, le=200, description="Connections to PostgreSQL of one process")
    delay_factor: float = Field(
        1.0, gt=0, le=1, description="Shortens every delay, for trials and tests; 1 in production"
    )
    log_format: Literal["json", "console"] = Field("json", description="Log lines for machines or for eyes")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least level logged")
    metrics_token: SecretStr | None = Field(
        None, description="Bearer token for /metrics from other hosts; without it only loopback may read"
    )
    public_url: str | None = Field(
        None,
        description="Base URL of Postroom as browsers and mail programs see it; empty: taken from each request's Host",
    )
    cors_origins: frozenset[str] = Field(
        frozenset(),
        description="Origins (scheme://host[:port]) of web pages elsewhere that may use Postroom, separated by commas; "
        "with tokens that people gave them, never with a cookie",
    )
    session_cookie: str = Field("ory_kratos_session", description="Name of Kratos' session cookie")
    mail_master: SecretStr | None = Field(
        None,
        description="user@domain:password of a Stalwart account that may `impersonate`; the gateway acts by it for "
        "each person. Empty: by an app password for each, if POSTROOM_ENCRYPTION_KEY is set; else there is no gateway",
    )
    failed_logins_a_day: int = Field(
        30,
        ge=0,
        le=90,
        description="Logins for people that Stalwart may refuse a process in a day, before no more are tried: it bans "
        "an address after 100. 0: no limit, where it has our address in x:AllowedIp or sees us on loopback",
    )
    encryption_key: SecretStr | None = Field(
        None, description="Encrypts the app passwords that Postroom keeps; 32 bytes in URL-safe base64"
    )
    encryption_key_previous: SecretStr | None = Field(None, description="A second key that still decrypts")
    stalwart_webhook_key: SecretStr | None = Field(
        None, description="Signs Stalwart's webhooks about new mail, 32 characters at least; empty: they are refused"
    )
    stalwart_webhook_url: str | None = Field(
        None,
        description="Where Stalwart's webhooks find Postroom; empty: on loopback if Stalwart is there, "
        "else POSTROOM_PUBLIC_URL with /internal/mail/stalwart",
    )
    mail_eventsource: bool = Field(
        True, description="Whether Postroom listens to the mail server's EventSource for people who are on line"
    )
    centrifugo_api_url: str | None = Field(
        None, description="Centrifugo's internal address; empty: screens are told by Postroom itself"
    )
    centrifugo_url: str | None = Field(
        None, description="Where browsers find Centrifugo (wss://…/connection/websocket)"
    )
    centrifugo_api_key: SecretStr | None = Field(None, description="Key of Centrifugo's HTTP API")
    centrifugo_token_key: SecretStr | None = Field(
        None, description="HMAC key of the connection tokens that Centrifugo accepts; 32 characters at least"
    )
    imap_server: str | None = Field(
        None, description="host:port that mail programs are told for IMAP over TLS; empty: Stalwart's host, port 993"
    )
    submission_server: str | None = Field(
        None, description="host:port that mail programs are told for SMTP over TLS; empty: Stalwart's host, port 465"
    )

    @field_validator("domains", mode="before")
    @classmethod
    def _split_domains(cls, value: str) -> tuple[str, ...]:
        names = tuple(_domain(part) for part in value.split(",") if part.strip())
        if not names:
            raise ValueError("name at least one mail domain")
        return names

    @field_validator("reserved_names", "unreserved_names", mode="before")
    @classmethod
    def _split_words(cls, value: str) -> frozenset[str]:
        return frozenset(part.strip().lower() for part in value.split(",") if part.strip())

    @field_validator("reserved_names")
    @classmethod
    def _are_names(cls, value: frozenset[str]) -> frozenset[str]:
        if wrong := [name for name in value if "@" in name]:
            raise ValueError(f"a name is what stands before the @: {_listed(wrong)} would reserve nothing")
        return value

    @field_validator("unreserved_names")
    @classmethod
    def _may_be_given(cls, value: frozenset[str]) -> frozenset[str]:
        if never := value & NEVER_GIVEN:
            raise ValueError(
                f"nobody may register {_listed(never)}: whoever reads that mail can have certificates made for the "
                "domain, or reads what is meant for its operator; make the address at the mail server"
            )
        if unknown := value - RESERVED_NAMES:
            raise ValueError(f"not among the built-in names: {_listed(unknown)}")
        return value

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split_origins(cls, value: str) -> frozenset[str]:
        return frozenset(_web_origin(part.strip()) for part in value.split(",") if part.strip())

    @field_validator("stalwart_url", "kratos_public_url", "kratos_admin_url", "public_url", "centrifugo_api_url")
    @classmethod
    def _is_url(cls, value: str) -> str:
        if not _names_a_host(value):
            raise ValueError("a whole URL is needed, such as https://mail.example.org or http://10.0.0.5:8080")
        return value

    @field_validator("stalwart_webhook_url")
    @classmethod
    def _leads_somewhere(cls, value: str) -> str:
        if not _is_address(value):
            raise ValueError("a whole URL is needed, such as http://10.0.0.5:3001/internal/mail/stalwart")
        return value

    @field_validator("database_url", "migrate_database_url")
    @classmethod
    def _names_a_database(cls, value: SecretStr) -> SecretStr:
        require_database_url(value.get_secret_value())
        return value

    @field_validator("redis_url")
    @classmethod
    def _names_redis(cls, value: SecretStr) -> SecretStr:
        RedisUrl.parse(value.get_secret_value())
        return value

    @field_validator("webhook_key", "webhook_key_previous")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        key = value.get_secret_value()
        if len(key) < 16 or not key.isascii() or not key.isprintable():
            raise ValueError("a key needs at least 16 characters, all of them printable ASCII: it travels in a header")
        return value

    @field_validator("stalwart_webhook_key", "centrifugo_token_key")
    @classmethod
    def _long_as_the_hash(cls, value: SecretStr) -> SecretStr:
        # RFC 7518 §3.2: a shorter key of an HMAC can be found from what it has signed.
        if len(value.get_secret_value()) < 32:
            raise ValueError("a key needs at least 32 characters; make one by: openssl rand -base64 32")
        return value

    @field_validator("mark_domain")
    @classmethod
    def _normalise_mark_domain(cls, value: str) -> str:
        return _domain(value)

    @model_validator(mode="after")
    def _marks_go_to_the_first_domain(self) -> "Settings":
        if not self.mark_domain:
            object.__setattr__(self, "mark_domain", self.domains[0])
        return self

    @property
    def reserved(self) -> frozenset[str]:
        """All names before the @ that nobody gets."""
        return (RESERVED_NAMES - self.unreserved_names) | self.reserved_names

    @property
    def webhook_keys(self) -> tuple[str, ...]:
        keys = (self.webhook_key, self.webhook_key_previous)
        return tuple(key.get_secret_value() for key in keys if key)


def load(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings in `environment`. Raises `ConfigurationError` that names each wrong variable and what it needs."""
    values = given(environment)
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        # Without its cause: a traceback would print the values with it, and they may be secrets.
        raise ConfigurationError(_sentence(error)) from None


def given(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What `environment` sets, by the names of the settings, the secrets read from their files. Raises
    `ConfigurationError` when a file cannot be read."""
    values = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX) and value.strip()
    }
    for secret in SECRETS:
        file = values.pop(f"{secret.lower()}_file", None)
        # An empty file sets nothing, like an empty variable: an empty database URL would be libpq's default.
        if file and (text := _read_secret(secret, file)):
            values[secret.lower()] = text
    return values


def unknown(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Variables that look like settings and are none: misspelt ones, each with the setting that it is like."""
    known = {name.upper() for name in Settings.model_fields} | {f"{secret}_FILE" for secret in SECRETS}
    named = {name.removeprefix(PREFIX) for name in environment if name.startswith(PREFIX)}
    return [f"{PREFIX}{name}{_like(name, known)}" for name in sorted(named - known - OF_A_TRIAL)]


def _like(name: str, known: Collection[str]) -> str:
    return "".join(f" (did you mean {PREFIX}{each}?)" for each in get_close_matches(name, known, n=1))


def _names_a_host(url: str) -> bool:
    """Else every request would fail, each in its own way."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        host.encode("idna")
    except ValueError:  # UnicodeError is one
        return False
    return parts.scheme in ("http", "https") and bool(host) and port != 0


def _is_address(url: str) -> bool:
    """Without a password: Stalwart shows the addresses of its hooks."""
    if not _names_a_host(url):
        return False
    parts = urlsplit(url)
    plain = url.isascii() and url.isprintable() and " " not in url
    return plain and not parts.fragment and parts.username is None


def _web_origin(text: str) -> str:
    """As browsers send it: they are compared letter by letter. Raises `ValueError`."""
    found = _ORIGIN.fullmatch(text.lower())
    if not found or int(found["port"] or 1) not in range(1, 65536):
        raise ValueError(
            f"{printable(text)} is no origin: name each one as https://webmail.example.org or http://localhost:5173, "
            "without a path, a * or a name that is not ASCII (xn--…)"
        )
    default = {"http": "80", "https": "443"}.get(found["scheme"])
    port = found["port"] if found["port"] and found["port"] != default else None
    return f"{found['scheme']}://{found['host']}" + (f":{port}" if port else "")


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(names))


def _domain(raw: str) -> str:
    try:
        return normalise_domain(raw)
    except Refused as error:
        raise ValueError(str(error)) from error


def _read_secret(secret: str, file: str) -> str:
    try:
        return Path(file).read_text().strip()
    except OSError as error:
        raise ConfigurationError(f"{PREFIX}{secret}_FILE: {error.strerror}: {file}") from error
    except UnicodeDecodeError:
        raise ConfigurationError(f"{PREFIX}{secret}_FILE: not UTF-8 text: {file}") from None


def _sentence(error: ValidationError) -> str:
    """One line for all that is wrong, without the values: they may be secrets."""
    parts: list[str] = []
    for each in error.errors(include_input=False, include_url=False):
        name = PREFIX + str(each["loc"][0]).upper() if each["loc"] else "settings"
        if each["type"] == "missing":
            field = Settings.model_fields[str(each["loc"][0])]
            parts.append(f"{name} is not set ({field.description})")
        else:
            parts.append(f"{name}: {each['msg'].removeprefix('Value error, ')}")
    return "; ".join(parts)
