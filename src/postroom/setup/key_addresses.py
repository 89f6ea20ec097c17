"""Binds the API key of Postroom to the addresses of its hosts."""

from collections.abc import Sequence
from typing import Literal

from postroom.setup.administrator import Administrator
from postroom.setup.secret_file import SecretFile
from postroom.setup.step import Step
from postroom.stalwart.allowed_ips import IpNetwork, contains, parsed, spelled
from postroom.stalwart.api_keys import ApiKeys, belongs_to, id_of
from postroom.stalwart.key_addresses import PART, accepted
from postroom.stalwart.own_accounts import OwnAccount

_NAME_THEM = "run this command again with --allowed-ip IP for each host of Postroom, as Stalwart sees it"


def left_out(seen: Sequence[IpNetwork], hosts: Sequence[IpNetwork]) -> Step | None:
    """A warning if the key is to be accepted from `hosts` only, and Stalwart sees this host at another address. `seen`:
    the addresses by which it does, as far as they are known."""
    missing = [each for each in seen if not any(contains(host, each) for host in hosts)]
    if not hosts or not missing:
        return None
    ours = ", ".join(map(spelled, missing))
    details = f"Stalwart sees it as {ours}, as far as this host can tell: the key would be refused from here"
    return Step("this host", "warning", details, f"add --allowed-ip {ours}, or name what Stalwart sees by --address")


async def ensure_bound(
    by: Administrator, account: OwnAccount | None, file: SecretFile, hosts: Sequence[IpNetwork]
) -> Step:
    """Make sure that the key in the file is accepted from these hosts only. If none is named, nothing is changed.
    Raises `ConfigurationError` and `MailServerError`s."""
    keys = ApiKeys(by.client, by.registry)
    secret = file.read()
    if account is None or secret is None:  # of a dry run: a new key
        return _step([], hosts, "would change")
    own = next((each for each in await keys.of(account.id) if each.id == id_of(secret)), None)
    # Ids are unique in an account only: another account's key may have the id of one of ours.
    if own is None or not belongs_to(secret, account.id):
        return Step(PART, "warning", f"not checked: the service account has no key like the one in {file.source}")
    step = _step([*own.allowed_ips], hosts, "would change" if by.dry_run else "changed")
    if step.state == "changed":
        await keys.bind(account.id, own.id, hosts)
    return step


def _step(before: Sequence[str], hosts: Sequence[IpNetwork], change: Literal["changed", "would change"]) -> Step:
    if not hosts:
        return Step(PART, "ok", accepted(before)) if before else Step(PART, "warning", accepted([]), _NAME_THEM)
    wanted = accepted(map(spelled, hosts))
    if {parsed(each) for each in before} == set(hosts):
        return Step(PART, "ok", wanted)
    return Step(PART, change, f"{wanted}; before: {', '.join(sorted(before))}" if before else wanted)
