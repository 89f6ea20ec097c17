"""Sets up all that Postroom needs on Stalwart, step by step. Safe to repeat: what is right is not changed."""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

from postroom.checks.stalwart_version import stalwart_version
from postroom.errors import ConfigurationError, MailServerError, Misconfigured
from postroom.settings.settings import Settings
from postroom.setup import service_account
from postroom.setup.administrator import DEADLINE, Administrator
from postroom.setup.key_addresses import ensure_bound, left_out
from postroom.setup.master_account import PART as MASTER_PASSWORD
from postroom.setup.master_account import WANTED as MASTER
from postroom.setup.master_account import Sources, ensure_password
from postroom.setup.own_account import ensure_account
from postroom.setup.secret_file import SecretFile
from postroom.setup.server_settings import (
    ALLOWED_IP,
    AUTHENTICATION_RESULTS,
    OAUTH,
    UPLOAD_QUOTA,
    USER_SCRIPTS,
    WEBHOOK,
    ensure_allowed,
    ensure_authentication_results,
    ensure_honest_scripts,
    ensure_registered_clients,
    ensure_upload_quota,
    ensure_webhook,
)
from postroom.setup.step import Step, Steps
from postroom.stalwart.allowed_ips import IpNetwork
from postroom.stalwart.key_addresses import PART as KEY_ADDRESSES
from postroom.stalwart.own_accounts import OwnAccount
from postroom.stalwart.own_address import OwnAddress, own_address
from postroom.stalwart.version import Version


@dataclass(frozen=True, slots=True)
class Secrets:
    """Where each secret is kept."""

    api_key: SecretFile
    mail_master: SecretFile
    webhook_key: SecretFile
    encryption_key: SecretFile

    @classmethod
    def of(cls, environment: Mapping[str, str], folder: Path) -> "Secrets":
        names = ("STALWART_API_KEY", "MAIL_MASTER", "STALWART_WEBHOOK_KEY", "ENCRYPTION_KEY")
        return cls(*(SecretFile.of(environment, name, folder) for name in names))

    @property
    def unconfigured(self) -> dict[str, str]:
        """The settings that the environment needs so that Postroom reads these files. Raises `ConfigurationError`."""
        return self.api_key.unconfigured | self.mail_master.unconfigured | self.webhook_key.unconfigured

    @property
    def exposed(self) -> list[Path]:
        """The files that every user of this host can read. Raises `ConfigurationError`."""
        files = (self.api_key, self.mail_master, self.webhook_key, self.encryption_key)
        return [file.path for file in files if file.is_exposed]

    @property
    def by_app_passwords(self) -> bool:
        """Whether Postroom acts for each person by an app password. Raises `ConfigurationError`."""
        return self.encryption_key.read() is not None and self.mail_master.read() is None

    @property
    def for_people(self) -> bool:
        """Whether Postroom acts for people at all. Raises `ConfigurationError`."""
        return self.encryption_key.read() is not None or self.mail_master.read() is not None


@dataclass(frozen=True, slots=True)
class Choices:
    """`impersonate`: let Postroom act for people. `addresses`: the ones by which Stalwart sees this host, if they are
    not its own. `hosts`: the only addresses from which the API key shall be accepted. `registered_clients`: let
    Stalwart issue OAuth tokens to registered clients only. `remove_key`: the id of an API key. `version`: the one of
    Stalwart, if it was stated."""

    impersonate: bool = False
    addresses: Sequence[IpNetwork] = ()
    hosts: Sequence[IpNetwork] = ()
    registered_clients: bool = False
    remove_key: str | None = None
    version: Version | None = None


async def set_up(by: Administrator, settings: Settings, secrets: Secrets, choices: Choices) -> Steps:
    """Raises `ConfigurationError` for a secret that cannot be read. Every other failure is a step, and the steps that
    do not depend on it follow. On a version that is too old nothing is set up."""
    of_version = stalwart_version(choices.version)
    yield Step(of_version.part, of_version.state, of_version.details, of_version.fix)
    if of_version.state == "error":
        return
    if exposed := " ".join(map(str, secrets.exposed)):
        yield Step("secret files", "warning", f"every user of this host can read {exposed}", f"chmod o= {exposed}")
    found = [await _domain(by, name) for name in dict.fromkeys((settings.mark_domain, *settings.domains))]
    for step in found:
        yield step
    if found[0].state == "error":
        details = f"not created: it needs the domain {settings.mark_domain}, which holds the marks"
        yield Step(service_account.ACCOUNT, "error", details, "add that domain to Stalwart first")
        return
    try:
        ours = await own_address(by.client.url)
    except MailServerError as error:
        yield _failed(ALLOWED_IP, error)
        return
    seen = _seen(ours, choices)
    async for step in _service_account(by, settings, secrets, choices, seen):
        yield step
    if choices.impersonate and not secrets.by_app_passwords:
        sources = Sources(seen, named=bool(choices.addresses))
        async for step in _master_account(by, settings.mark_domain, secrets, sources):
            yield step
    yield await _tried(ALLOWED_IP, _allowed(by, ours, choices))
    async for step in _for_people(by, settings, secrets, choices):
        yield step


async def _domain(by: Administrator, name: str) -> Step:
    part = f"domain {name}"
    try:
        await by.registry.within(DEADLINE, lambda left: by.registry.domain_id(name, deadline=left))
    except Misconfigured as error:
        # Not created here: a domain needs DNS records, DKIM keys and a certificate, which only its owner can provide.
        fix = "add it to Stalwart, with its DNS records, then run this command again" if error.domain else _AGAIN
        return Step(part, "error", str(error), fix)
    except MailServerError as error:
        return _failed(part, error)
    return Step(part, "ok", "exists in Stalwart")


async def _service_account(
    by: Administrator, settings: Settings, secrets: Secrets, choices: Choices, seen: Sequence[IpNetwork]
) -> Steps:
    if warning := left_out(seen, choices.hosts):
        yield warning

    async def ensure() -> tuple[Step, OwnAccount | None]:
        by_app_passwords = choices.impersonate and secrets.by_app_passwords
        wanted = await service_account.wanted_account(by, app_passwords=by_app_passwords)
        return await ensure_account(by, wanted, settings.mark_domain)

    step, account = await _account_tried(service_account.ACCOUNT, ensure())
    yield step
    if step.state == "error":
        return

    def bound() -> Awaitable[Step]:
        return _tried(KEY_ADDRESSES, ensure_bound(by, account, secrets.api_key, choices.hosts))

    known = secrets.api_key.read() is not None
    if known:
        yield await bound()  # before it is tried: it may be refused because it is not bound to this host, too
    step = await _tried(service_account.PART, service_account.ensure_key(by, account, secrets.api_key))
    yield step
    if not known and step.state != "error":
        yield await bound()
    if by.dry_run:
        yield await _tried(service_account.PROBE, service_account.planned_try(by, settings.mark_domain))
    elif step.state in ("ok", "changed"):
        tried = service_account.try_key(by, settings.mark_domain, settings.quota_bytes, secrets.api_key)
        yield await _tried(service_account.PROBE, tried)
    if choices.remove_key:
        removal = service_account.remove_key(by, account, secrets.api_key, choices.remove_key)
        yield await _tried(service_account.PART, removal)


async def _master_account(by: Administrator, domain: str, secrets: Secrets, sources: Sources) -> Steps:
    step, account = await _account_tried(MASTER.part, ensure_account(by, MASTER, domain))
    yield step
    if step.state != "error":
        yield await _tried(MASTER_PASSWORD, ensure_password(by, account, domain, secrets.mail_master, sources))


async def _for_people(by: Administrator, settings: Settings, secrets: Secrets, choices: Choices) -> Steps:
    if not choices.impersonate and not secrets.for_people:
        details = "off: Postroom creates mailboxes, but people cannot reach them through it"
        yield Step("mail for people", "ok", details, "to switch it on, run this command with --impersonate")
        return
    yield await _tried(WEBHOOK, ensure_webhook(by, settings, secrets.webhook_key))
    yield await _tried(UPLOAD_QUOTA, ensure_upload_quota(by))
    yield await _tried(AUTHENTICATION_RESULTS, ensure_authentication_results(by))
    yield await _tried(USER_SCRIPTS, ensure_honest_scripts(by))
    if choices.registered_clients:
        yield await _tried(OAUTH, ensure_registered_clients(by))


def _seen(ours: OwnAddress, choices: Choices) -> Sequence[IpNetwork]:
    """The addresses by which Stalwart sees this host, as far as they are known."""
    if choices.addresses:
        return choices.addresses
    return [] if ours.translated else [ip_network(ours.ours)]


async def _allowed(by: Administrator, ours: OwnAddress, choices: Choices) -> Step:
    if not choices.addresses and ours.never_banned:
        return Step(ALLOWED_IP, "ok", f"Stalwart never bans {ours.ours}")
    if seen := _seen(ours, choices):
        return await ensure_allowed(by, seen)
    details = f"Stalwart sees another address of this host than {ours.ours}, and may ban it"
    return Step(ALLOWED_IP, "warning", details, "run this command with --address IP")


_AGAIN = "correct that, then run this command again"


async def _account_tried(
    part: str, ensured: Awaitable[tuple[Step, OwnAccount | None]]
) -> tuple[Step, OwnAccount | None]:
    try:
        return await ensured
    except MailServerError as error:
        return _failed(part, error), None


async def _tried(part: str, step: Awaitable[Step]) -> Step:
    try:
        return await step
    except (MailServerError, ConfigurationError) as error:
        return _failed(part, error)


def _failed(part: str, error: MailServerError | ConfigurationError) -> Step:
    return Step(part, "error", str(error), _AGAIN)
