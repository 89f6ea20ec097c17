"""People of a trial: registered at its Kratos, or made by its hook alone; and a screen of theirs on /api/live."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx2

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]
T = TypeVar("T")

AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Member:
    """`token` is that of the session."""

    identity_id: UUID
    email: str
    token: str


async def many(number: int, make: Callable[[int], Awaitable[T]]) -> list[T]:
    """So many of them, a few at a time; `make` is given the place of each."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(place: int) -> T:
        async with gate:
            return await make(place)

    return await asyncio.gather(*(one(place) for place in range(number)))


async def sign_up(http: httpx2.AsyncClient, environment: Mapping[str, str]) -> Member:
    kratos, email = environment["POSTROOM_KRATOS_PUBLIC_URL"], _new_address(environment)
    flow = (await http.get(f"{kratos}/self-service/registration/api")).raise_for_status().json()
    form = {"method": "password", "password": uuid4().hex, "traits": {"email": email}}
    answer = (await http.post(flow["ui"]["action"], json=form)).raise_for_status().json()
    return Member(UUID(answer["identity"]["id"]), email, answer["session_token"])


async def provision(http: httpx2.AsyncClient, environment: Mapping[str, str]) -> str:
    """The address of somebody with a mailbox who never logs in."""
    email = _new_address(environment)
    answer = await http.post(
        f"{environment['POSTROOM_URL']}/internal/mail/provision",
        json={"identity": {"id": str(uuid4()), "traits": {"email": email}}},
        headers={"X-Postroom-Key": environment["POSTROOM_WEBHOOK_KEY"]},
    )
    answer.raise_for_status()
    return email


def _new_address(environment: Mapping[str, str]) -> str:
    domain = environment["POSTROOM_DOMAINS"].partition(",")[0]
    return f"p-{uuid4().hex[:12]}@{domain}"


async def open_stream(url: str, token: str) -> Stream:
    """A stream whose mailbox is ready. By hand: a thousand HTTP clients would measure themselves."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(f"GET /api/live HTTP/1.1\r\nHost: {parts.netloc}\r\nX-Session-Token: {token}\r\n\r\n".encode())
    async with asyncio.timeout(30):
        status = await reader.readline()
        if b" 200 " not in status:
            raise SystemExit(f"/api/live answered {status.decode().strip()}")
        while b"event: hello" not in await reader.readline():
            if reader.at_eof():
                raise SystemExit("/api/live ended before hello")
    return reader, writer
