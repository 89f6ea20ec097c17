"""Stalwart's web hook about new mail, set up: `x:WebHook`."""

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
from postroom.stalwart.web_hook import INGESTED

READ_PERMISSIONS = frozenset({"sysWebHookGet", "sysWebHookQuery"})
"""What the key needs to look at the web hooks."""

PERMISSIONS = READ_PERMISSIONS | TO_RELOAD | {"sysWebHookCreate", "sysWebHookDestroy"}
"""What it needs to set ours up."""

_DEADLINE = 5.0

_AS_WE_WANT: Mapping[str, Any] = {
    "enable": True,
    "events": {INGESTED: True},
    "eventsPolicy": "include",
    # Milliseconds between two requests; by default 1,000. Stalwart refuses 0 and takes 1, but what comes while a
    # request is answered for longer than this waits for the next delivery to anybody. Seen on 0.16.19, with 40 messages
    # to two people while we were busy: of the second ones it held back 17 at 10 ms, 7 at 20, none at 50. And while we
    # are away it knocks and logs as often: at 1 ms hundreds of times a second.
    "throttle": 50,
    "lossy": False,
    "allowInvalidCerts": False,
}
_WANTED = (*_AS_WE_WANT, "signatureKey")
_BESIDE: Mapping[str, Any] = {
    "httpAuth": {"@type": "Unauthenticated"},
    "httpHeaders": {},
    "timeout": 5_000,
    "discardAfter": 300_000,
    "level": "info",
}


class _WebHook(ResponseModel, extra="allow"):
    id: str
    url: str = ""


class _WebHooks(ResponseModel):
    web_hooks: list[_WebHook] = Field(alias="list")


@dataclass(frozen=True, slots=True)
class WebHookState:
    """`ids`: the hooks that lead to our URL. `wrong`: their settings that are not as we want them, with what they are.
    `elsewhere`: the URLs of hooks to our path on another host or port. The key is not shown by the server: only that
    there is none is seen."""

    ids: Sequence[str]
    wrong: Mapping[str, str]
    elsewhere: Sequence[str] = ()


class WebHookSetup:
    """A hook is ours if it leads to our URL. Raises `MailServerError`s."""

    def __init__(self, client: StalwartClient, registry: StalwartRegistry) -> None:
        self._client = client
        self._registry = registry

    async def state(self, url: str) -> WebHookState:
        return await self._registry.within(_DEADLINE, lambda left: self._state(url, left))

    async def ensure(self, url: str, key: str) -> WebHookState:
        """One hook to `url`, signed by `key`, in force; what was there before. Safe to repeat.

        Made anew and not updated: a reload starts new hooks, but a running one keeps its address, key and throttle
        until the server's restart.
        """
        before = await self.state(url)
        await self._registry.within(_DEADLINE, lambda left: self._replace(before.ids, url, key, left))
        return before

    async def _state(self, url: str, left: float) -> WebHookState:
        ids = {"resultOf": "0", "name": "x:WebHook/query", "path": "/ids"}
        calls: list[Call] = [("x:WebHook/query", {"filter": {}}), ("x:WebHook/get", {"#ids": ids})]
        answers = await self._client.call(calls, deadline=left)
        answers.read(0, QueryIds)
        found = answers.read(1, _WebHooks).web_hooks
        ours = [each for each in found if each.url == url]
        path = urlsplit(url).path
        elsewhere = tuple(sorted({each.url for each in found if each.url != url and _path(each.url) == path}))
        wrong = {name: _shown(each, name) for each in ours for name in _WANTED if not _is_as_wanted(each, name)}
        return WebHookState([each.id for each in ours], dict(sorted(wrong.items())), elsewhere)

    async def _replace(self, old: Sequence[str], url: str, key: str, left: float) -> None:
        wanted = {**_AS_WE_WANT, **_BESIDE, "url": url, "signatureKey": {"@type": "Value", "secret": key}}
        # Without a list of none: even that needs the permission to destroy.
        destroyed = {"destroy": list(old)} if old else {}
        await change(self._client, "WebHook", {"create": {"c": wanted}, **destroyed}, "the web hook", deadline=left)


def _is_as_wanted(found: _WebHook, name: str) -> bool:
    value = _value(found, name)
    match name:
        case "events":
            return _events(value) == set(_AS_WE_WANT["events"])
        case "signatureKey":
            # Else it is one of ours, masked, or kept in a file or a variable of the server's.
            return isinstance(value, dict) and cast("dict[str, Any]", value).get("@type") != "None"
        case _:
            return value == _AS_WE_WANT[name]


def _value(found: _WebHook, name: str) -> object:
    return (found.model_extra or {}).get(name)


def _shown(found: _WebHook, name: str) -> str:
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
