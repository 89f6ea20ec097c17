"""The webhook as Kratos sends it after a registration or a change, with `response: {ignore: true}`: while it responds
to the person. After three attempts, or when the process ends before, the event is lost."""

import asyncio
import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from uuid import uuid4

import httpx2

from postroom_sandbox.kratos.error import Json
from postroom_sandbox.kratos.faults import Fault
from postroom_sandbox.kratos.identity import timestamp
from postroom_sandbox.kratos.store import Delivery, Store

KEY_HEADER = "X-Postroom-Key"
TRIES = 3
TRY_TIMEOUT = 30.0  # seconds; a handler that takes longer gets the next attempt while it still works


def seconds_until_retry(attempt: int, status: int | None, retry_after: str | None, now: datetime) -> float | None:
    """How long Kratos waits after attempt number `attempt` (from 1), or None if it makes no further attempt.

    `status` is None if there was no response. Kratos retries after 429 and 5xx except 501: after 1 s and 2 s or,
    for 429 and 503, after the time in Retry-After, however long it is.
    """
    if attempt >= TRIES:
        return None
    if status is not None and status != 429 and (status < 500 or status == 501):
        return None
    asked = _asked_seconds(retry_after, now) if status in (429, 503) else None
    return float(2 ** (attempt - 1)) if asked is None else asked


def _asked_seconds(retry_after: str | None, now: datetime) -> float | None:
    """Retry-After as seconds or as a date (RFC 9110 §10.2.3); None if it is neither, or a date in the past."""
    if retry_after is None:
        return None
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after)
    try:
        seconds = (parsedate_to_datetime(retry_after) - now).total_seconds()
    except (TypeError, ValueError):
        return None
    return seconds if seconds >= 0 else None


def body_of(identity: Json, flow_id: str) -> bytes:
    """What deploy/kratos/provision.jsonnet makes of an identity, with the whitespace of Jsonnet."""
    traits = {name: identity["traits"][name] for name in ("email", "name") if name in identity["traits"]}
    shown = {name: identity[name] for name in ("id", "schema_id", "state", "created_at")} | {"traits": traits}
    text = json.dumps({"identity": shown, "flow_id": flow_id}, indent=3, sort_keys=True, ensure_ascii=False)
    return f"{text}\n".encode()


class Webhook:
    """Sends the webhook to `url` with `key` in the header."""

    def __init__(self, store: Store, url: str, key: str) -> None:
        self._store = store
        self._url = url
        headers = {"User-Agent": "Go-http-client/1.1", "Accept-Encoding": "gzip", KEY_HEADER: key}
        # No proxy from the environment: the webhook stays on this machine. Go's client follows redirects.
        self._http = httpx2.AsyncClient(headers=headers, timeout=None, trust_env=False, follow_redirects=True)
        self._running: set[asyncio.Task[None]] = set()

    def trigger(self, identity: Json, flow_id: str) -> None:
        """Start to send the webhook about an identity, and return at once."""
        if Fault.DROP_HOOKS in self._store.faults():
            return
        task = asyncio.get_running_loop().create_task(self._deliver(identity, body_of(identity, flow_id)))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def close(self) -> None:
        """Cancel what is not delivered yet."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._http.aclose()

    async def _deliver(self, identity: Json, body: bytes) -> None:
        trigger_id = str(uuid4())
        for attempt in range(1, TRIES + 1):
            sent_at = datetime.now(UTC)
            status, retry_after, answer = await self._try(trigger_id, body)
            email = identity["traits"]["email"]
            delivery = Delivery(identity["id"], email, attempt, timestamp(sent_at), answer)
            self._store.add_delivery(delivery, trigger_id)
            wait = seconds_until_retry(attempt, status, retry_after, datetime.now(UTC))
            if wait is None:
                return
            await asyncio.sleep(wait)

    async def _try(self, trigger_id: str, body: bytes) -> tuple[int | None, str | None, str]:
        """The status, Retry-After, and the result as text. There is no status if there was no response."""
        headers = {
            "Content-Type": "application/json",
            "Ory-Webhook-Request-Id": str(uuid4()),
            "Ory-Webhook-Trigger-Id": trigger_id,
        }
        try:
            async with asyncio.timeout(TRY_TIMEOUT):
                response = await self._http.post(self._url, content=body, headers=headers)
        except TimeoutError:
            return None, None, f"no response within {TRY_TIMEOUT:g} s"
        except httpx2.HTTPError as error:
            return None, None, f"no response: {error or type(error).__name__}"
        return response.status_code, response.headers.get("retry-after"), str(response.status_code)
