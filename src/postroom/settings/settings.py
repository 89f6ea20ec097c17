"""Settings: one environment variable each, `POSTROOM_…`; a secret may come from a file (`POSTROOM_…_FILE`)."""

import re
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationInfo, field_validator, model_validator

from postroom.domain.address import RESERVED_NAMES
from postroom.settings.list_types import Domains, HostNames, Networks, Origins, ReservedNames, UnreservedNames, domain
from postroom.settings.store_urls import RedisUrl, require_database_url
from postroom.settings.web_urls import is_address, names_a_host


class Settings(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)

    database_url: SecretStr = Field(
        description="URL of PostgreSQL with the service's own role; it may name several hosts, with "
        "target_session_attrs"
    )
    migrate_database_url: SecretStr | None = Field(
        None,
        description="URL of PostgreSQL with the owner's role, for postroom migrate only; the service's role "
        "needs far fewer rights",
    )
    redis_url: SecretStr | None = Field(
        None,
        description="URL of Redis or Valkey, also behind Sentinel (redis+sentinel://…); "
        "empty: PostgreSQL alone, with the same promises",
    )
    stalwart_url: str = Field(description="Base URL of the mail server")
    stalwart_api_key: SecretStr = Field(
        description="Key of Postroom's account at Stalwart: API_… (bearer), or user@domain:password (basic)"
    )
    kratos_public_url: str | None = Field(None, description="Base URL of Kratos' public API; empty: no mail for people")
    kratos_admin_url: str | None = Field(
        None,
        description="Base URL of Kratos' admin API; empty: no sweep of identities, so that a lost webhook stays "
        "lost, and access tokens outlive their identity",
    )
    webhook_key: SecretStr = Field(description="Key that Kratos sends in X-Postroom-Key, at least 16 characters")
    webhook_key_previous: SecretStr | None = Field(
        None, description="The previous key, accepted as well while you change it"
    )
    domains: Domains = Field(description="Mail domains to serve, separated by commas")
    mark_domain: str = Field(
        "",
        description="Domain that holds the marks; empty: the first of POSTROOM_DOMAINS. Never change it after "
        "its first use",
    )
    reserved_names: ReservedNames = Field(
        frozenset(),
        description="Names before the @ that nobody gets, in addition to the built-in ones; separated by commas",
    )
    unreserved_names: UnreservedNames = Field(
        frozenset(), description="Built-in reserved names that people may get nevertheless, separated by commas"
    )
    quota_bytes: int | None = Field(
        None, ge=1, description="Disk quota of a new mailbox, in bytes; empty: the mail server's default"
    )
    host: str = Field("0.0.0.0", description="Address that the service listens on")
    port: int = Field(3001, ge=0, le=65535, description="Port that the service listens on")
    work_host: str = Field("127.0.0.1", description="Address where postroom work answers /health and /metrics")
    work_port: int = Field(
        0,
        ge=0,
        le=65535,
        description="Port where postroom work answers; 0: any free one, which the log names, so that several can "
        "run on one host",
    )
    worker: bool = Field(True, description="Whether postroom serve runs a retry worker, too")
    concurrency: int = Field(
        0,
        ge=0,
        le=64,
        description="Attempts at a time in one process; 0: 4 for postroom serve, 2 for postroom work. "
        "Stalwart serves 4 requests of one account at a time, counted over all processes",
    )
    pace: float = Field(
        10.0,
        ge=0,
        description="Attempts that a worker starts in a second; 0: no limit, for a role with unlimitedRequests",
    )
    sweep_seconds: float = Field(
        300.0, ge=1, description="Seconds from the end of a sweep of Kratos' identities to the next one"
    )
    lifecycle: Literal["off", "report"] | None = Field(
        None,
        description="What the service does where an identity differs from its mailbox: report shows it to operators, "
        "off compares nothing. Empty: report where POSTROOM_KRATOS_ADMIN_URL is set, else off",
    )
    retry_after_seconds: int = Field(
        25, ge=1, le=600, description="Retry-After of the 503 while PostgreSQL is unavailable; Kratos obeys it"
    )
    hooks_at_once: int = Field(
        64,
        ge=1,
        description="Webhooks of Kratos that a process serves at once; further ones are answered 503 with "
        "Retry-After, unread",
    )
    inline_deadline_seconds: float = Field(
        5.0, gt=0, le=25, description="Seconds that a webhook waits for its mailbox before it is answered: will retry"
    )
    inline_lease_seconds: float = Field(
        10.0, gt=0, description="Seconds for which an attempt within a webhook holds its request"
    )
    lease_seconds: float = Field(30.0, gt=0, description="Seconds for which an attempt of a worker holds its request")
    drain_seconds: float = Field(15.0, ge=0, description="Seconds that attempts may go on after SIGTERM")
    pool_size: int = Field(10, ge=2, le=200, description="Connections to PostgreSQL of one process")
    delay_factor: float = Field(
        1.0, gt=0, le=1, description="Multiplies every delay, to shorten it in trials and tests; 1 in production"
    )
    log_format: Literal["json", "console"] = Field(
        "json", description="Format of log lines: JSON for programs, or text for people"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Lowest level that is logged")
    metrics_token: SecretStr | None = Field(
        None, description="Bearer token for /metrics from other hosts; empty: only loopback may read"
    )
    public_url: str | None = Field(
        None,
        description="Base URL of Postroom for browsers and mail programs; empty: taken from the Host of each request",
    )
    hosts: HostNames = Field(
        frozenset(),
        description="Further names by which the service is reached, without a port, separated by commas. An address "
        "and localhost always are ours, and so are the names of POSTROOM_PUBLIC_URL and POSTROOM_STALWART_WEBHOOK_URL; "
        "requests for any other name are answered 421",
    )
    trusted_proxies: Networks = Field(
        frozenset(),
        description="Addresses or networks of the proxies in front of Postroom, separated by commas: whom they serve "
        "is read from their X-Forwarded-For. Empty: there is no proxy, and whoever connects is the client",
    )
    keep_interface: bool = Field(
        True,
        description="Whether browsers keep the web interface, so that it starts without a network; false: at their "
        "next visit they delete what they kept",
    )
    cors_origins: Origins = Field(
        frozenset(),
        description="Other origins (scheme://host[:port]) whose web pages may use Postroom, separated by commas: "
        "with tokens that people gave them, never with a cookie",
    )
    session_cookie: str = Field("ory_kratos_session", description="Name of Kratos' session cookie")
    mail_master: SecretStr | None = Field(
        None,
        description="user@domain:password of a Stalwart account with the permission `impersonate`, by which the "
        "gateway acts for each person. Empty: by an app password for each, if POSTROOM_ENCRYPTION_KEY is set; else no "
        "gateway",
    )
    failed_logins_a_day: int = Field(
        30,
        ge=0,
        le=90,
        description="Refused logins at Stalwart in a day after which a process tries no more for people: Stalwart bans "
        "an address after 100. 0: no limit, where x:AllowedIp holds our address or Stalwart sees us on loopback",
    )
    encryption_key: SecretStr | None = Field(
        None, description="Key that encrypts the app passwords in the database; 32 bytes in URL-safe base64"
    )
    encryption_key_previous: SecretStr | None = Field(None, description="The previous key, which still decrypts")
    stalwart_webhook_key: SecretStr | None = Field(
        None,
        description="Key that signs Stalwart's webhooks about new mail, at least 32 characters; empty: they are "
        "refused",
    )
    stalwart_webhook_url: str | None = Field(
        None,
        description="URL that Stalwart's webhooks call; empty: on loopback if Stalwart is there, "
        "else POSTROOM_PUBLIC_URL with /internal/mail/stalwart",
    )
    mail_eventsource: bool = Field(
        True, description="Whether Postroom listens to the mail server's EventSource for people who are online"
    )
    centrifugo_api_url: str | None = Field(
        None, description="Base URL of Centrifugo's HTTP API; empty: Postroom itself sends events to browsers"
    )
    centrifugo_url: str | None = Field(
        None, description="URL by which browsers connect to Centrifugo (wss://…/connection/websocket)"
    )
    centrifugo_api_key: SecretStr | None = Field(None, description="Key of Centrifugo's HTTP API")
    centrifugo_token_key: SecretStr | None = Field(
        None, description="HMAC key of the connection tokens that Centrifugo accepts, at least 32 characters"
    )
    imap_server: str | None = Field(
        None, description="host:port of IMAP over TLS for mail programs; empty: Stalwart's host, port 993"
    )
    submission_server: str | None = Field(
        None, description="host:port of SMTP over TLS for mail programs; empty: Stalwart's host, port 465"
    )

    authserv_id: str | None = Field(
        None,
        description="Name with which the mail server signs its Authentication-Results, as a rule its host name; empty: "
        "the web interface confirms no sender, and no mailing list is left by one request",
    )

    trial_list_server: str | None = Field(
        None,
        description="host:port=file of a mailing list's server on this host and of its certificate: for trials and "
        "tests, only where POSTROOM_PUBLIC_URL is on loopback. Else requests to lists go to public addresses only",
    )

    @field_validator("stalwart_url", "kratos_public_url", "kratos_admin_url", "public_url", "centrifugo_api_url")
    @classmethod
    def _is_url(cls, value: str) -> str:
        if not names_a_host(value):
            raise ValueError("must be a complete URL, such as https://mail.example.org or http://10.0.0.5:8080")
        return value

    @field_validator("stalwart_webhook_url")
    @classmethod
    def _leads_somewhere(cls, value: str) -> str:
        if not is_address(value):
            raise ValueError("must be a complete URL, such as http://10.0.0.5:3001/internal/mail/stalwart")
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
            raise ValueError("must have at least 16 characters, all of them printable ASCII: it is sent in a header")
        return value

    @field_validator("stalwart_webhook_key", "centrifugo_token_key")
    @classmethod
    def _long_as_the_hash(cls, value: SecretStr) -> SecretStr:
        # RFC 7518 §3.2: a shorter key of an HMAC can be found from what it has signed.
        if len(value.get_secret_value()) < 32:
            raise ValueError("must have at least 32 characters; make a key with: openssl rand -base64 32")
        return value

    @field_validator("mark_domain")
    @classmethod
    def _normalise_mark_domain(cls, value: str) -> str:
        return domain(value)

    @field_validator("trial_list_server")
    @classmethod
    def _is_for_trials(cls, value: str, info: ValidationInfo) -> str:
        if not re.fullmatch(r"[a-z0-9.-]+:[0-9]{1,5}=/.+", value):
            raise ValueError("must be host:port=file, such as localhost:8443=/tmp/localhost.pem")
        if urlsplit(info.data.get("public_url") or "").hostname not in ("localhost", "127.0.0.1", "::1"):
            raise ValueError("is for trials: remove it, or set POSTROOM_PUBLIC_URL to a URL on loopback")
        return value

    @field_validator("lifecycle", mode="before")
    @classmethod
    def _acts_on_nothing(cls, value: object, info: ValidationInfo) -> object:
        if value == "on":
            raise ValueError("this version reports differences and acts on none; on comes with the next release")
        if value == "report" and info.data.get("kratos_admin_url", "wrong itself") is None:
            raise ValueError("report needs POSTROOM_KRATOS_ADMIN_URL, by which the identities are read")
        return value

    @model_validator(mode="after")
    def _marks_go_to_the_first_domain(self) -> "Settings":
        if not self.mark_domain:
            object.__setattr__(self, "mark_domain", self.domains[0])
        return self

    @property
    def reserved(self) -> frozenset[str]:
        """All local parts that are never assigned."""
        return (RESERVED_NAMES - self.unreserved_names) | self.reserved_names

    @property
    def reports_differences(self) -> bool:
        """Whether identities are compared with their mailboxes."""
        return self.kratos_admin_url is not None and self.lifecycle != "off"

    @property
    def follows_identities(self) -> bool:
        """Whether mailboxes are changed as their identities are. No value of this version allows it."""
        return self.kratos_admin_url is not None and self.lifecycle not in (None, "off", "report")

    @property
    def webhook_keys(self) -> tuple[str, ...]:
        keys = (self.webhook_key, self.webhook_key_previous)
        return tuple(key.get_secret_value() for key in keys if key)
