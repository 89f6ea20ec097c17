"""The port `Publisher` by Centrifugo's HTTP API (v5 and v6)."""

import itertools
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, cast
from uuid import UUID

import httpx2

from postroom.errors import PublisherUnavailable
from postroom.json_object import JsonObject, as_object, json_object
from postroom.mail.ports import LiveEvent
from postroom.telemetry import log

INTERNAL_ERROR = 100
"""The only code of Centrifugo's that says: try again. 102 unknown channel (the namespace `mail` is missing), 107 bad
request and 108 not available come again for ever, as all others."""

DISCONNECT_CODE = 4501
"""From 4500 to 4999 its clients do not connect again by themselves."""

TIMEOUT = 2.0


def channel_of(identity_id: UUID) -> str:
    """A user-limited channel: Centrifugo lets nobody in but the `sub` of the token behind the `#`."""
    return f"mail:user#{identity_id}"


class Centrifugo:
    """`api_url` is the internal address, with or without `/api`; the key goes nowhere else."""

    def __init__(self, api_url: str, api_key: str, *, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self._http = httpx2.AsyncClient(
            base_url=api_url.rstrip("/").removesuffix("/api"),
            headers={"X-API-Key": api_key},
            timeout=TIMEOUT,
            follow_redirects=False,
            transport=transport,
            # A proxy from the environment would receive our key.
            trust_env=False,
        )

    async def aclose(self) -> None:
        await self._http.aclose()

    async def publish(self, events: Sequence[LiveEvent]) -> list[LiveEvent]:
        """Of each person one event a request, in order: what fails for a moment must not be overtaken by his next one.
        Its answer may get lost: the idempotency key is remembered for 5 minutes."""
        own: dict[UUID, list[LiveEvent]] = {}
        for event in events:
            own.setdefault(event.identity_id, []).append(event)
        refused: list[LiveEvent] = []
        failed: dict[UUID, str] = {}
        for each_next in itertools.zip_longest(*own.values()):
            batch = [event for event in each_next if event and event.identity_id not in failed]
            for event, reply in zip(batch, await self._publish(batch), strict=True):
                if not (error := _error_of(reply)):
                    continue
                if error[0] == INTERNAL_ERROR:
                    failed[event.identity_id] = error[1]
                else:
                    log.error("Centrifugo refused an event", event_id=event.id, code=error[0], error=error[1])
                    refused.append(event)
        if failed:
            raise PublisherUnavailable(f"Centrifugo could not publish: {next(iter(failed.values()))}")
        return refused

    async def _publish(self, events: Sequence[LiveEvent]) -> list[object]:
        """A reply for each."""
        commands = [
            {
                "publish": {
                    "channel": channel_of(event.identity_id),
                    "data": event.hint(),
                    "idempotency_key": str(event.id),
                }
            }
            for event in events
        ]
        if not commands:
            return []
        replies = (await self._call("batch", {"commands": commands})).get("replies")
        if not isinstance(replies, list) or len(cast("list[object]", replies)) != len(events):
            raise PublisherUnavailable(
                "Centrifugo's answer to a batch is none: POSTROOM_CENTRIFUGO_API_URL leads elsewhere"
            )
        return cast("list[object]", replies)

    async def disconnect(self, identity_id: UUID) -> None:
        body = {"user": str(identity_id), "disconnect": {"code": DISCONNECT_CODE, "reason": "logged out"}}
        if error := _error_of(await self._call("disconnect", body)):
            raise PublisherUnavailable(f"Centrifugo did not disconnect: {error[1]} ({error[0]})")

    async def nodes(self) -> int:
        """How many nodes Centrifugo has. Raises `PublisherUnavailable` also when it has no namespace for our channels,
        or one without a history: each event would be refused, or told without what a screen needs after a break."""
        found = (await self._asked("info", {})).get("nodes")
        # Of nobody's channel, and none of its publications: there are no others to ask by without publishing.
        await self._asked("history", {"channel": channel_of(UUID(int=0)), "limit": 0})
        if not isinstance(found, list):
            raise PublisherUnavailable(
                "Centrifugo's answer to info is none: POSTROOM_CENTRIFUGO_API_URL leads elsewhere"
            )
        return len(cast("list[Any]", found))

    async def _asked(self, method: str, body: JsonObject) -> JsonObject:
        answer = await self._call(method, body)
        if error := _error_of(answer):
            raise PublisherUnavailable(f"Centrifugo refused {method}: {error[1]} ({error[0]})")
        return as_object(answer.get("result"))

    async def _call(self, method: str, body: JsonObject) -> JsonObject:
        """The answer's JSON object. Errors of a call come as HTTP 200, too: the caller looks."""
        try:
            answer = await self._http.post(f"/api/{method}", json=body)
        except httpx2.HTTPError as error:
            raise PublisherUnavailable(f"Centrifugo did not answer ({type(error).__name__})") from error
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            raise PublisherUnavailable(
                "Centrifugo refuses our key: POSTROOM_CENTRIFUGO_API_KEY is not its http_api.key"
            )
        if answer.status_code != HTTPStatus.OK:
            raise PublisherUnavailable(f"Centrifugo answered {answer.status_code}")
        content = json_object(answer.content)
        if not content:
            raise PublisherUnavailable(
                "Centrifugo's answer is no JSON object: POSTROOM_CENTRIFUGO_API_URL leads elsewhere"
            )
        if method == "batch" and (error := _error_of(content)):
            raise PublisherUnavailable(f"Centrifugo refused a batch: {error[1]} ({error[0]})")
        return content


def _error_of(reply: object) -> tuple[int, str] | None:
    """Code and message of a reply's `error`."""
    if not isinstance(reply, dict):
        return INTERNAL_ERROR, "a reply that is no object"
    error = as_object(as_object(cast(object, reply)).get("error"))
    if not error:
        return None
    code = error.get("code")
    return (code if isinstance(code, int) else INTERNAL_ERROR), str(error.get("message", ""))[:200]
