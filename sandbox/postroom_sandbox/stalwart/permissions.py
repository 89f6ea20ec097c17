"""Permissions: their names, how roles and the settings of an account combine, and who may grant them."""

from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Any

from postroom_sandbox.stalwart.errors import SetError, invalid_patch, no_variant
from postroom_sandbox.stalwart.json_value import JSON, is_object

_WORDS = files("postroom_sandbox.stalwart").joinpath("permissions.txt").read_text("utf-8").split()
_FLAGS = {name: flags for name, _, flags in (word.partition("=") for word in _WORDS)}
"""For every permission of Stalwart 0.16.19: the default roles that grant it (user, group, tenant administrator, system
administrator), and whether the server hides it (h) in the list of a caller's permissions."""
NAMES = tuple(_FLAGS)
EVERY = frozenset(NAMES)


def _flagged(flag: str) -> frozenset[str]:
    return frozenset(name for name, flags in _FLAGS.items() if flag in flags)


USER = _flagged("u")
DEFAULT_ROLES = {
    "User": USER,
    "Group": _flagged("g"),
    "Tenant Administrator": _flagged("t"),
    "System Administrator": _flagged("s"),
}
ADMIN = USER | DEFAULT_ROLES["System Administrator"]
"""What `"roles": {"@type": "Admin"}` grants."""
SERVICE = frozenset(
    ["authenticate", "sysDomainGet", "sysDomainQuery"]
    + ["sysWebHookGet", "sysWebHookQuery", "sysAllowedIpGet", "sysOidcProviderGet", "sysJmapGet"]
    + ["sysSystemSettingsGet"]
    + [f"sysAccount{verb}" for verb in ("Get", "Query", "Create", "Update")]
)
"""The seven that a provisioning service needs besides those that it grants, and six with which `postroom check` reads
the settings of the mail server."""
_OWN = ("sysAccountSettings", "sysAccountPassword", "sysAppPassword", "sysApiKey")


def listed(held: frozenset[str], *, person: bool) -> list[str]:
    """The permissions as `GET /api/account` lists them.

    The recovery administrator is not a person and has no password, keys or settings of its own.
    """
    shown = [name for name in NAMES if name in held and "h" not in _FLAGS[name]]
    return shown if person else [name for name in shown if not name.startswith(_OWN)]


def checked_set(value: Any, name: str) -> dict[str, bool]:
    """A JMAP set `{permission: true}`, without entries that are false. Raises SetError."""
    if not is_object(value):
        raise invalid_patch(name, "Invalid value for object property")
    if not value.keys() <= EVERY or not all(isinstance(on, bool) for on in value.values()):
        raise invalid_patch(name, "Invalid key for object property")
    return {permission: True for permission, on in value.items() if on}


def variant(value: Any, allowed: Mapping[str, tuple[str, ...]]) -> JSON:
    """The property `permissions`, whose `@type` decides which sets it has; without any, the rest is ignored. Raises
    SetError."""
    if not is_object(value) or value.get("@type") not in allowed:
        raise no_variant("permissions")
    sets = allowed[value["@type"]]
    if sets and value.keys() - {"@type", *sets}:
        raise invalid_patch("permissions", "Invalid key for object")
    return {"@type": value["@type"]} | {name: checked_set(value.get(name, {}), f"permissions/{name}") for name in sets}


def of_account(granted: frozenset[str], permissions: JSON) -> frozenset[str]:
    """The permissions that the roles grant, changed by the account's own `permissions`."""
    if permissions["@type"] == "Inherit":
        return granted
    base = granted if permissions["@type"] == "Merge" else frozenset[str]()
    return (base | permissions["enabledPermissions"].keys()) - permissions["disabledPermissions"].keys()


def of_credential(held: frozenset[str], permissions: JSON) -> frozenset[str]:
    """The permissions of an app password or API key: a part of those of its account."""
    match permissions["@type"]:
        case "Replace":
            return held & permissions["permissions"].keys()
        case "Disable":
            return held - permissions["permissions"].keys()
        case _:
            return held


def check_grant(granted: Iterable[str], held: frozenset[str]) -> None:
    """A caller may grant only its own permissions. Raises SetError `forbidden`, which names the first five."""
    if lacking := frozenset(granted) - held:
        missing = [name for name in NAMES if name in lacking]
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        description = f"You are not authorized to grant permissions: {', '.join(missing[:5])}{more}"
        raise SetError("forbidden", description)
