"""The session (RFC 8620 §2): where to send what, for which account, within which limits."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, cast

from postroom.jmap.capability import CORE
from postroom.jmap.errors import NotProvisioned, Unreadable
from postroom.jmap.url import expand, resolve

_LIMITS = {
    "max_calls_in_request": "maxCallsInRequest",
    "max_objects_in_get": "maxObjectsInGet",
    "max_objects_in_set": "maxObjectsInSet",
    "max_size_request": "maxSizeRequest",
    "max_size_upload": "maxSizeUpload",
    "max_concurrent_requests": "maxConcurrentRequests",
    "max_concurrent_upload": "maxConcurrentUpload",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """Of the core capability; sizes in bytes. What a server does not say is as low as the least that we know of."""

    max_calls_in_request: int = 16
    max_objects_in_get: int = 500
    max_objects_in_set: int = 500
    max_size_request: int = 10_000_000
    max_size_upload: int = 50_000_000
    max_concurrent_requests: int = 4
    max_concurrent_upload: int = 4

    @classmethod
    def read(cls, core: Mapping[str, Any]) -> "Limits":
        said = {field.name: core.get(_LIMITS[field.name]) for field in fields(cls)}
        return cls(**{name: value for name, value in said.items() if type(value) is int and value > 0})


@dataclass(frozen=True, slots=True)
class Account:
    """`capabilities` is None while the mailbox is not there yet (Cyrus says so)."""

    id: str
    name: str
    is_personal: bool
    is_read_only: bool
    capabilities: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Session:
    """URLs are absolute. Templates are filled by `upload_url` and its like."""

    username: str
    state: str
    api_url: str
    upload_template: str
    download_template: str
    event_source_template: str
    capabilities: Mapping[str, Any]
    limits: Limits
    accounts: Mapping[str, Account]
    primary_accounts: Mapping[str, str]

    @classmethod
    def read(cls, content: Mapping[str, Any], *, url: str, base: str, trust_urls: bool = False) -> "Session":
        """`url` is where it came from in the end, `base` what was configured. Raises `Unreadable`."""
        urls = {
            name: resolve(_text(content, name), url, base=base, trust=trust_urls)
            for name in ("apiUrl", "uploadUrl", "downloadUrl", "eventSourceUrl")
        }
        capabilities = _map(content, "capabilities")
        primary = _map(content, "primaryAccounts")
        return cls(
            username=_text(content, "username", ""),
            state=_text(content, "state", ""),
            api_url=expand(urls["apiUrl"], {}),
            upload_template=urls["uploadUrl"],
            download_template=urls["downloadUrl"],
            event_source_template=urls["eventSourceUrl"],
            capabilities=capabilities,
            limits=Limits.read(_map(capabilities, CORE)),
            accounts={each: _account(each, found) for each, found in _map(content, "accounts").items()},
            primary_accounts={each: found for each, found in primary.items() if isinstance(found, str)},
        )

    def account_for(self, capability: str) -> str:
        """The id of the person's account for `capability`: each may have another one (Cyrus lists none for core).
        Raises `NotProvisioned`."""
        found = self.primary_accounts.get(capability)
        if found is None or found not in self.accounts:
            raise NotProvisioned(f"the mail server's session holds no account for {capability}")
        if self.accounts[found].capabilities is None:
            raise NotProvisioned(f"the account {found} at the mail server is not ready yet")
        return found

    def upload_url(self, account_id: str) -> str:
        return expand(self.upload_template, {"accountId": account_id})

    def download_url(self, account_id: str, blob_id: str, *, name: str, type: str) -> str:  # noqa: A002 - RFC 8620 §6.2
        values = {"accountId": account_id, "blobId": blob_id, "name": name, "type": type}
        return expand(self.download_template, values)

    def event_source_url(self, types: str, *, ping: int) -> str:
        return expand(self.event_source_template, {"types": types, "closeafter": "no", "ping": str(ping)})


def _account(account_id: str, found: object) -> Account:
    if not isinstance(found, dict):
        raise Unreadable("mail server's session cannot be read (accounts)")
    account = cast("dict[str, Any]", found)
    return Account(
        id=account_id,
        name=_text(account, "name", ""),
        is_personal=account.get("isPersonal") is True,
        is_read_only=account.get("isReadOnly") is True,
        capabilities=_map(account, "accountCapabilities") if account.get("accountCapabilities") is not None else None,
    )


def _text(content: Mapping[str, Any], name: str, otherwise: str | None = None) -> str:
    found = content.get(name, otherwise)
    if not isinstance(found, str):
        raise Unreadable(f"mail server's session cannot be read ({name})")
    return found


def _map(content: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = content.get(name, {})
    if not isinstance(found, dict):
        raise Unreadable(f"mail server's session cannot be read ({name})")
    return cast("dict[str, Any]", found)
