"""Sets up Stalwart's webhook about new mail: `x:WebHook`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

from pydantic import Field

from postroom.jmap.errors import sanitize
from postroom.stalwart.registry import StalwartRegistry
from postroom.stalwart.registry_client import Call, StalwartClient
from postroom.stalwart.response_models import QueryIds, ResponseModel
from postroom.stalwart.settings_change import PERMISSIONS as TO_RELOAD
from postroom.stalwart.settings_change import change
from postroom.stalwart.webhook import INGESTED

READ_PERMISSIONS = frozenset({"sysWebHookGet", "sysWebHookQuery"})
"""The permissions that the key needs to read the webhooks."""

PERMISSIONS = READ_PERMISSIONS | TO_RELOAD | {"sysWebHookCreate", "sysWebHookDestroy"}
"""The permissions that it needs to set up ours."""

_DEADLINE = 5.0

_REQUIRED: Mapping[str, Any] = {
    "enable": True,
    "events": {INGESTED: True},
    "eventsPolicy": "include",
    # Milliseconds between two requests; by default 1,000. Stalwart refuses 0 and accepts 1. But if a request takes
    # longer than this, mail that arrives meanwhile is not reported before the next delivery to any account. Seen on
    # 0.16.19 with 40 messages to two people while we were busy: 17 were delayed at 10 ms, 7 at 20 ms, none at 50 ms.
    # While we are unavailable, Stalwart retries and logs as often: at 1 ms hundreds of times a second.
    "throttle": 50,
    "lossy": False,
    "allowInvalidCerts": False,
}
_COMPARED = (*_REQUIRED, "signatureKey")
_OTHER_SETTINGS: Mapping[str, Any] = {
    "httpAuth": {"@type": "Unauthenticated"},
    "httpHeaders": {},
    "timeout": 5_000,
    "discardAfter": 300_000,
    "level": "info",
}


class _Webhook(ResponseModel, extra="allow"):
    id: str
    url: str = ""


class _Webhooks(ResponseModel):
    webhooks: list[_Webhook] = Field(alias="list")


@dataclass(frozen=True, slots=True)
class WebhookState:
    """`ids`: the webhooks to our URL. `wrong`: those of their settings that differ from what we require, with their
    values. `elsewhere`: the URLs of webhooks to our path at another host or port. The server does not return the key,
    only whether there is one."""

    ids: Sequence[str]
    wrong: Mapping[str, str]
    elsewhere: Sequence[str] = ()


class WebhookSetup:
    """A webhook is ours if it has our URL. Raises `MailServerError`s."""

    def __init__(self, client: StalwartClient, registry: StalwartRegistry) -> None:
        self._client = client
        self._registry = registry

    async def state(self, url: str) -> WebhookState:
        return await self._registry.within(_DEADLINE, lambda left: self._state(url, left))

    async def ensure(self, url: str, key: str) -> WebhookState:
        """Set up one webhook to `url`, signed with `key`. Returns the previous state. Safe to repeat.

        It is recreated, not updated: a reload starts new webhooks, but a running one keeps its URL, key and throttle
        until the server restarts.
        """
        before = await self.state(url)
        await self._registry.within(_DEADLINE, lambda left: self._replace(before.ids, url, key, left))
        return before

    async def _state(self, url: str, left: float) -> WebhookState:
        ids = {"resultOf": "0", "name": "x:WebHook/query", "path": "/ids"}
        calls: list[Call] = [("x:WebHook/query", {"filter": {}}), ("x:WebHook/get", {"#ids": ids})]
        responses = await self._client.call(calls, deadline=left)
        responses.read(0, QueryIds)
        found = responses.read(1, _Webhooks).webhooks
        ours = [each for each in found if each.url == url]
        path = urlsplit(url).path
        elsewhere = tuple(sorted({each.url for each in found if each.url != url and _path(each.url) == path}))
        wrong = {name: _shown(each, name) for each in ours for name in _COMPARED if not _is_as_wanted(each, name)}
        return WebhookState([each.id for each in ours], dict(sorted(wrong.items())), elsewhere)

    async def _replace(self, old: Sequence[str], url: str, key: str, left: float) -> None:
        wanted = {**_REQUIRED, **_OTHER_SETTINGS, "url": url, "signatureKey": {"@type": "Value", "secret": key}}
        # Not an empty list: even that needs the permission to destroy.
        destroyed = {"destroy": list(old)} if old else {}
        await change(self._client, "WebHook", {"create": {"c": wanted}, **destroyed}, "the webhook", deadline=left)


def _is_as_wanted(found: _Webhook, name: str) -> bool:
    value = _value(found, name)
    match name:
        case "events":
            return _events(value) == set(_REQUIRED["events"])
        case "signatureKey":
            # Otherwise there is one: masked, or from a file or environment variable of the server.
            return isinstance(value, dict) and cast("dict[str, Any]", value).get("@type") != "None"
        case _:
            return value == _REQUIRED[name]


def _value(found: _Webhook, name: str) -> object:
    return (found.model_extra or {}).get(name)


def _shown(found: _Webhook, name: str) -> str:
    value = _value(found, name)
    match name:
        case "events":
            return ", ".join(sorted(_events(value))) or "none"
        case "signatureKey":
            return "none"
        case _:
            return sanitize(json.dumps(value))


def _events(value: object) -> set[str]:
    return {each for each, on in cast("dict[str, Any]", value).items() if on} if isinstance(value, dict) else set()


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""
