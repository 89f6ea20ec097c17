"""The port `Publisher` by Centrifugo's HTTP API (v5 and v6)."""

import itertools
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, cast
from uuid import UUID

import httpx2

from postroom.arrivals.ports import LiveEvent
from postroom.errors import PublisherUnavailable
from postroom.http.json_object import JsonObject, as_object, json_object
from postroom.process.telemetry import log

INTERNAL_ERROR = 100
"""Centrifugo's only temporary error. 102 unknown channel (the namespace `mail` is missing), 107 bad request, 108 not
available and all others are permanent."""

DISCONNECT_CODE = 4501
"""Centrifugo's clients do not reconnect after a code from 4500 to 4999."""

TIMEOUT = 2.0

ELSEWHERE = "correct POSTROOM_CENTRIFUGO_API_URL: it must lead to Centrifugo's HTTP API"
NAMESPACE = "give Centrifugo's configuration a channel namespace `mail` with a history"


def channel_of(identity_id: UUID) -> str:
    """A user-limited channel: only the user after the `#` (the token's `sub`) can subscribe."""
    return f"mail:user#{identity_id}"


class Centrifugo:
    """`api_url` is Centrifugo's internal URL, with or without `/api`; the key is sent there only."""

    def __init__(self, api_url: str, api_key: str, *, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self._http = httpx2.AsyncClient(
            base_url=api_url.rstrip("/").removesuffix("/api"),
            headers={"X-API-Key": api_key},
            timeout=TIMEOUT,
            follow_redirects=False,
            transport=transport,
            # A proxy from the environment would see our key.
            trust_env=False,
        )

    async def aclose(self) -> None:
        await self._http.aclose()

    async def publish(self, events: Sequence[LiveEvent]) -> list[LiveEvent]:
        """Each request holds one event of each person, in order: after a temporary failure no later event of the person
        may overtake. The response may get lost: Centrifugo remembers the idempotency key for 5 minutes."""
        own: dict[UUID, list[LiveEvent]] = {}
        for event in events:
            own.setdefault(event.identity_id, []).append(event)
        refused: list[LiveEvent] = []
        failed: dict[UUID, str] = {}
        for each_next in itertools.zip_longest(*own.values()):
            batch = [event for event in each_next if event and event.identity_id not in failed]
            for event, response in zip(batch, await self._publish(batch), strict=True):
                if not (error := _error_of(response)):
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
        """A response to each command."""
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
            raise PublisherUnavailable("the response to a batch is not Centrifugo's", fix=ELSEWHERE)
        return cast("list[object]", replies)

    async def disconnect(self, identity_id: UUID) -> None:
        body = {"user": str(identity_id), "disconnect": {"code": DISCONNECT_CODE, "reason": "logged out"}}
        if error := _error_of(await self._call("disconnect", body)):
            raise PublisherUnavailable(f"Centrifugo did not disconnect a client: {error[1]} ({error[0]})")

    async def nodes(self) -> int:
        """The number of Centrifugo's nodes. Raises `PublisherUnavailable`, also if it has no namespace for our
        channels, or one without history: events would be refused, or a client could not recover after a disconnect."""
        found = (await self._result("info", {})).get("nodes")
        # The history of an unused channel: no other call checks the namespace without publishing.
        await self._result("history", {"channel": channel_of(UUID(int=0)), "limit": 0})
        if not isinstance(found, list):
            raise PublisherUnavailable("the response to info is not Centrifugo's", fix=ELSEWHERE)
        return len(cast("list[Any]", found))

    async def _result(self, method: str, body: JsonObject) -> JsonObject:
        response = await self._call(method, body)
        if error := _error_of(response):
            raise PublisherUnavailable(f"Centrifugo refused {method}: {error[1]} ({error[0]})", fix=NAMESPACE)
        return as_object(response.get("result"))

    async def _call(self, method: str, body: JsonObject) -> JsonObject:
        """The response's JSON object. Errors of a command also come with HTTP 200: the caller checks them."""
        try:
            response = await self._http.post(f"/api/{method}", json=body)
        except httpx2.HTTPError as error:
            raise PublisherUnavailable(f"Centrifugo did not answer ({type(error).__name__})") from error
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            raise PublisherUnavailable(
                "Centrifugo refuses our key (401)",
                fix="set POSTROOM_CENTRIFUGO_API_KEY to Centrifugo's http_api.key",
            )
        if response.status_code != HTTPStatus.OK:
            fix = "see the log of Centrifugo" if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR else ELSEWHERE
            raise PublisherUnavailable(f"Centrifugo answered {response.status_code}", fix=fix)
        content = json_object(response.content)
        if not content:
            raise PublisherUnavailable("Centrifugo's response is not a JSON object", fix=ELSEWHERE)
        if method == "batch" and (error := _error_of(content)):
            raise PublisherUnavailable(f"Centrifugo refused a batch: {error[1]} ({error[0]})")
        return content


def _error_of(response: object) -> tuple[int, str] | None:
    """The code and message of a response's `error`."""
    if not isinstance(response, dict):
        return INTERNAL_ERROR, "a response that is not an object"
    error = as_object(as_object(cast(object, response)).get("error"))
    if not error:
        return None
    code = error.get("code")
    return (code if isinstance(code, int) else INTERNAL_ERROR), str(error.get("message", ""))[:200]
