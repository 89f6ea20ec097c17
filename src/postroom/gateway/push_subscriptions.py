"""Refuses `PushSubscription/*` (RFC 8620 §7.2): the mail server would call any URL that a client names, from inside the
operator's network and for days after the session has ended."""

from collections.abc import Mapping
from typing import Any, cast

from postroom.gateway.response_splicer import Refusal
from postroom.http.json_object import JsonObject, as_object

_NOT_OFFERED = {"type": "forbidden", "description": "push subscriptions are not offered here; use the event source"}
_NOT_HTTPS = {"type": "invalidProperties", "properties": ["url"], "description": "the URL does not begin with https://"}


def of_push_subscriptions(method: str, arguments: Mapping[str, Any]) -> Refusal:
    """A /set is refused object by object, as a server that offers it would do: mistakes of the client come first."""
    if method != "PushSubscription/set" or any(name.startswith("#") for name in arguments):
        return "error", _NOT_OFFERED
    create, update, destroy = (arguments.get(name) for name in ("create", "update", "destroy"))
    if not all(each is None or isinstance(each, dict) for each in (create, update)) or not _is_list_of_ids(destroy):
        return "error", {"type": "invalidArguments", "description": "create, update or destroy has a wrong type"}
    refused = {
        "notCreated": {key: _of_creation(as_object(value)) for key, value in as_object(create).items()},
        "notUpdated": dict.fromkeys(as_object(update), _NOT_OFFERED),
        "notDestroyed": dict.fromkeys(cast("list[str]", destroy or []), _NOT_OFFERED),
    }
    return method, {name: errors for name, errors in refused.items() if errors}


def _of_creation(value: JsonObject) -> JsonObject:
    url = value.get("url")
    return _NOT_OFFERED if isinstance(url, str) and url.lower().startswith("https://") else _NOT_HTTPS


def _is_list_of_ids(value: object) -> bool:
    if value is None:
        return True
    return isinstance(value, list) and all(isinstance(each, str) for each in cast("list[object]", value))
