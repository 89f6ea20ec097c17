"""The properties of an account and their valid values."""

import re
from collections.abc import Callable
from typing import Any

from postroom_sandbox.stalwart import ids, permissions
from postroom_sandbox.stalwart.address import local_part
from postroom_sandbox.stalwart.credential_networks import checked_networks
from postroom_sandbox.stalwart.errors import (
    SetError,
    invalid_patch,
    no_variant,
    not_offered,
    required,
    server_set,
    unknown_property,
)
from postroom_sandbox.stalwart.json_value import JSON, is_count, is_object

_LOCALE = re.compile(r"[a-z]{2,3}_[A-Z]{2}(@[a-z]+)?|POSIX")
_TIME_ZONE = re.compile(r"[A-Z][A-Za-z_]+(/[A-Za-z0-9_+-]+)+|UTC")
_QUOTA = re.compile(r"max[A-Z][A-Za-z]+")
_MERGED = ("enabledPermissions", "disabledPermissions")
_PERMISSIONS = {"Inherit": (), "Merge": _MERGED, "Replace": _MERGED}
_SERVER_SET = {"createdAt", "emailAddress", "usedDiskQuota"}
_SECONDARY = {"AppPassword", "ApiKey"}
_DEFAULTS: JSON = {
    "credentials": {},
    "memberGroupIds": {},
    "memberTenantId": None,
    "roles": {"@type": "User"},
    "permissions": {"@type": "Inherit"},
    "quotas": {},
    "aliases": {},
    "description": None,
    "locale": "en_US",
    "timeZone": None,
    "encryptionAtRest": {"@type": "Disabled"},
}


def checked(value: JSON) -> tuple[JSON, list[JSON]]:
    """The document to store, and the credentials, which are stored separately. Raises SetError."""
    if value.get("@type") == "Group":
        raise not_offered("groups")
    if value.get("@type") != "User":
        raise no_variant("")
    document: JSON = {"@type": "User"}
    for name, given in (_DEFAULTS | value).items():
        if name in _SERVER_SET:
            raise server_set(name)
        if name in _CHECKS:
            document[name] = _CHECKS[name](given, name)
        elif name != "@type":
            raise unknown_property()
    _require(document, "name", "domainId")
    return document, document.pop("credentials")


def _require(document: JSON, *names: str) -> None:
    if missing := [name for name in names if name not in document]:
        raise required(*missing)


def _text(value: Any, name: str) -> str | None:
    if value is not None and (not isinstance(value, str) or not value):
        raise invalid_patch(name)
    return value


def _id(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise invalid_patch(name, "Invalid path for Id, expected a string value")
    if ids.decode(value) is None:
        raise invalid_patch(name, "Failed to parse Id from string")
    return value


def _boolean(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise invalid_patch(name, "Invalid value for boolean property (expected true or false)")
    return value


def _entries(value: Any, name: str) -> list[JSON]:
    """The entries of a list, which Stalwart represents as an object with the keys "0", "1", …"""
    if not is_object(value) or not all(k.isdecimal() and is_object(entry) for k, entry in value.items()):
        raise invalid_patch(name, "Invalid value for object property")
    return [value[key] for key in sorted(value, key=int)]


def _credentials(value: Any, name: str) -> list[JSON]:
    """An entry with a `credentialId` exists already, which app passwords and keys must."""
    entries = _entries(value, name)
    for position, entry in enumerate(entries):
        allowed_ips = checked_networks(entry.get("allowedIps", {}), f"{name}/{position}/allowedIps")
        if entry.get("@type") in _SECONDARY:
            if "credentialId" not in entry:
                raise server_set("credentials/secret")
            entry["allowedIps"] = allowed_ips
            continue
        if entry.get("@type") != "Password":
            raise no_variant(name)
        if entry.keys() - {"@type", "secret", "expiresAt", "allowedIps", "credentialId"}:
            raise unknown_property(name)
        if entry.get("expiresAt") is not None:
            raise not_offered("passwords that expire")
        entry["allowedIps"] = allowed_ips
    if sum(entry["@type"] == "Password" for entry in entries) > 1:
        raise SetError("invalidProperties", "Only one password credential is allowed.", properties=[name])
    return entries


_ALIAS: dict[str, Callable[[Any, str], Any]] = {
    "enabled": _boolean,
    "name": local_part,
    "domainId": _id,
    "description": _text,
}


def _aliases(value: Any, name: str) -> JSON:
    """The aliases, renumbered from 0: an index is a position and does not identify an alias."""
    aliases: JSON = {}
    for entry in _entries(value, name):
        alias: JSON = {"enabled": True, "description": None}
        for field, given in entry.items():
            if field not in _ALIAS:
                raise unknown_property(name)
            alias[field] = _ALIAS[field](given, f"{name}/{field}")
        _require(alias, "name", "domainId")
        aliases[str(len(aliases))] = alias
    return aliases


def _quotas(value: Any, name: str) -> JSON:
    if not is_object(value):
        raise invalid_patch(name, "Invalid value for object property")
    if not all(map(_QUOTA.fullmatch, value)):
        raise invalid_patch(name, "Invalid key for object property")
    if not all(map(is_count, value.values())):
        description = "Invalid value for unsigned integer property (expected non-negative integer)"
        raise invalid_patch(name, description)
    return value


def _roles(value: Any, name: str) -> JSON:
    match value:
        case {"@type": "User" | "Admin" as kind}:
            return {"@type": kind}
        case {"@type": "Custom", "roleIds": role_ids} if is_object(role_ids):
            return {"@type": "Custom", "roleIds": {role: True for role, on in role_ids.items() if on}}
        case _:
            raise no_variant(name)


def _groups(value: Any, name: str) -> JSON:
    if not is_object(value):
        raise invalid_patch(name, "Invalid value for object property")
    for group in value:  # the stand-in has no groups
        raise SetError("invalidForeignKey", objectId={"object": "Account", "id": group})
    return value


def _locale(value: Any, name: str) -> str:
    if not _LOCALE.fullmatch(str(value)):
        raise invalid_patch(name, f'Invalid value Str("{value}") for enum type EnUS.')
    return value


def _time_zone(value: Any, name: str) -> str | None:
    if value is not None and not _TIME_ZONE.fullmatch(str(value)):
        raise invalid_patch(name, f'Invalid value Str("{value}") for enum type AfricaAbidjan.')
    return value


def _nothing_but_default(value: Any, name: str) -> Any:
    if value != _DEFAULTS[name]:
        raise not_offered(f"{name} other than its default")
    return value


_CHECKS: dict[str, Callable[[Any, str], Any]] = {
    "name": local_part,
    "domainId": _id,
    "credentials": _credentials,
    "memberGroupIds": _groups,
    "memberTenantId": _nothing_but_default,
    "roles": _roles,
    "permissions": lambda value, _: permissions.variant(value, _PERMISSIONS),
    "quotas": _quotas,
    "aliases": _aliases,
    "description": _text,
    "locale": _locale,
    "timeZone": _time_zone,
    "encryptionAtRest": _nothing_but_default,
}
