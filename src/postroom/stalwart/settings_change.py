"""Changes Stalwart's settings, and reloads them so that the change takes effect."""

from typing import Any

from postroom.errors import Misconfigured, Transient
from postroom.jmap.errors import sanitize
from postroom.stalwart.registry_client import StalwartClient
from postroom.stalwart.response_models import Changes

PERMISSIONS = frozenset({"sysActionCreate", "actionReloadSettings"})
"""The permissions that the reload needs."""


SINGLETON = "singleton"
"""The id of an object that exists only once."""


async def change(client: StalwartClient, kind: str, arguments: dict[str, Any], what: str, *, deadline: float) -> None:
    """Call `x:<kind>/set` with these arguments, which create `c` or update the singleton. `what` describes the change
    to an operator. Raises `MailServerError`s."""
    calls = [(f"x:{kind}/set", arguments), ("x:Action/set", {"create": {"c": {"@type": "ReloadSettings"}}})]
    answers = await client.call(calls, deadline=deadline)
    for place, asked in enumerate((what, "to reload its settings")):
        require_taken(answers.read(place, Changes), asked)


def require_taken(outcome: Changes, what: str) -> None:
    """Check the outcome of a `/set` that creates `c` or updates an object. Raises `MailServerError`s."""
    # What should be removed may be gone already.
    kept = {k: e for k, e in (outcome.not_destroyed or {}).items() if e.type != "notFound"}
    refused = (outcome.not_created or {}) | (outcome.not_updated or {}) | kept
    for error in refused.values():
        words = f": {sanitize(error.description)}" if error.description else ""
        raise Misconfigured(f"mail server refused {what} ({sanitize(error.type)}){words}")
    if "c" not in (outcome.created or {}) and not outcome.updated:
        raise Transient(f"mail server neither accepted nor refused {what}", outcome_unknown=True)
