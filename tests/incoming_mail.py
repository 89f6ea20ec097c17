"""Mail delivered by LMTP, and the server's notifications of it, on the stand-in and on a real server."""

import asyncio
import base64
import hmac
import json
import smtplib
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from mail_person import message
from scripted_upstream import Asked, ScriptedUpstream
from stalwart_client import StalwartClient

Lmtp = tuple[str, int]
KEY = "key-of-the-hook"


async def send(lmtp: Lmtp, *recipients: str, content: bytes | None = None, sender: str = "sender@example.com") -> None:
    """Send one message, by default a new one. Raises the errors of smtplib."""
    await send_all(lmtp, [content or letter()], *recipients, sender=sender)


async def send_all(lmtp: Lmtp, contents: list[bytes], *recipients: str, sender: str = "sender@example.com") -> None:
    """Send these messages in one session."""

    def work() -> None:
        with smtplib.LMTP(*lmtp, local_hostname="tests", timeout=30) as session:
            for content in contents:
                session.sendmail(sender, recipients, content)

    await asyncio.to_thread(work)


def letter(*fields: str) -> bytes:
    number = uuid.uuid4().hex
    return message(f"Letter {number}", f"Message-ID: <{number}@example.com>", *fields)


async def refusal(lmtp: Lmtp, *recipients: str, **more: Any) -> tuple[int, str]:
    """Code and text of the server's refusal of the first recipient or the message."""
    try:
        await send(lmtp, *recipients, **more)
    except smtplib.SMTPRecipientsRefused as error:
        code, text = error.recipients[recipients[0]]
        return code, text.decode()
    except smtplib.SMTPResponseException as error:
        return error.smtp_code, error.smtp_error.decode()  # pyright: ignore[reportAttributeAccessIssue] - bytes, as sent
    raise AssertionError("the server took it")


class Stream:
    """An open event source. `events` has the name and data of each event, and None at the end."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[tuple[str, Any] | None] = asyncio.Queue()

    async def next(self, within: float = 5) -> tuple[str, Any] | None:
        return await asyncio.wait_for(self.events.get(), within)

    async def state(self) -> dict[str, dict[str, str]]:
        """`changed` of the next event, which must be a StateChange."""
        event = await self.next()
        assert event
        name, data = event
        assert (name, data["@type"]) == ("state", "StateChange")
        return data["changed"]

    async def read(self, response: httpx2.Response) -> None:
        name = ""
        try:
            async for line in response.aiter_lines():
                field, _, value = line.partition(":")
                assert field in ("", "event", "data")
                if field == "event":
                    name = value.strip()
                elif field == "data":
                    self.events.put_nowait((name, json.loads(value)))
        except httpx2.HTTPError:
            pass  # the connection was cut
        self.events.put_nowait(None)


@asynccontextmanager
async def listening(http: httpx2.AsyncClient, query: str = "types=*&closeafter=no&ping=0") -> AsyncIterator[Stream]:
    """An event source that is already listening."""
    async with http.stream("GET", f"/jmap/eventsource/?{query}", timeout=30) as response:
        assert response.status_code == 200, await response.aread()
        assert response.headers["content-type"].startswith("text/event-stream")
        stream = Stream()
        reading = asyncio.create_task(stream.read(response))
        try:
            yield stream
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


def hook(receiver: ScriptedUpstream, **more: Any) -> dict[str, Any]:
    """The `x:WebHook` of a receiver, for a create."""
    return {
        "enable": True,
        "url": f"{receiver.url}/hooks/stalwart",
        "events": {"message-ingest.ham": True},
        "eventsPolicy": "include",
        "signatureKey": {"@type": "Value", "secret": KEY},
        "httpAuth": {"@type": "Unauthenticated"},
        "httpHeaders": {},
        "throttle": 50,
        "timeout": 5_000,
        "discardAfter": 300_000,
        "allowInvalidCerts": False,
        "lossy": False,
        "level": "info",
    } | more


async def reload(admin: StalwartClient) -> None:
    assert "created" in await admin.try_create("Action", **{"@type": "ReloadSettings"})


@asynccontextmanager
async def hooked(admin: StalwartClient, receiver: ScriptedUpstream, **more: Any) -> AsyncIterator[str]:
    """A webhook in force; it is removed afterwards."""
    number = (await admin.try_create("WebHook", **hook(receiver, **more)))["created"]["id"]
    await reload(admin)
    try:
        yield number
    finally:
        await admin.call("x:WebHook/set", destroy=[number])
        await reload(admin)


def events_of(asked: Asked) -> list[dict[str, Any]]:
    """The events of a request, after a check of its signature."""
    assert (asked.method, asked.target) == ("POST", "/hooks/stalwart")
    assert asked.header("content-type") == "application/json"
    signature = base64.b64encode(hmac.digest(KEY.encode(), bytes(asked.body), "sha256")).decode()
    assert asked.header("x-signature") == signature
    return json.loads(asked.body)["events"]


def all_reported(receiver: ScriptedUpstream) -> Iterator[dict[str, Any]]:
    for asked in receiver.asked:
        if asked.complete:
            yield from events_of(asked)
