"""Creates users on a trial, with or without a login at its Kratos, and opens their streams of /api/live."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx2

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]
T = TypeVar("T")

AT_ONCE = 8
RETRY_AFTER = 0.5


@dataclass(frozen=True, slots=True)
class User:
    """A person with a mailbox. `token` is the session token of Kratos."""

    identity_id: UUID
    email: str
    token: str


async def many(number: int, make: Callable[[int], Awaitable[T]]) -> list[T]:
    """Call `make` with each number below `number`, a few calls at a time; return the results in order."""
    semaphore = asyncio.Semaphore(AT_ONCE)

    async def one(index: int) -> T:
        async with semaphore:
            return await make(index)

    return await asyncio.gather(*(one(index) for index in range(number)))


async def sign_up(http: httpx2.AsyncClient, environment: Mapping[str, str]) -> User:
    """Register a new identity at Kratos."""
    kratos, email = environment["POSTROOM_KRATOS_PUBLIC_URL"], _new_address(environment)
    flow = (await http.get(f"{kratos}/self-service/registration/api")).raise_for_status().json()
    form = {"method": "password", "password": uuid4().hex, "traits": {"email": email}}
    response = (await http.post(flow["ui"]["action"], json=form)).raise_for_status().json()
    return User(UUID(response["identity"]["id"]), email, response["session_token"])


async def provision(http: httpx2.AsyncClient, environment: Mapping[str, str]) -> str:
    """Create a mailbox with only a webhook, for a person who never logs in; return the address."""
    email = _new_address(environment)
    body = {"identity": {"id": str(uuid4()), "traits": {"email": email}}}
    url, headers = environment["POSTROOM_URL"], {"X-Postroom-Key": environment["POSTROOM_WEBHOOK_KEY"]}
    response = await http.post(f"{url}/internal/mail/provision", json=body, headers=headers)
    while response.status_code == HTTPStatus.SERVICE_UNAVAILABLE:  # too busy: the hooks of sign-ups are in progress
        await asyncio.sleep(RETRY_AFTER)
        response = await http.post(f"{url}/internal/mail/provision", json=body, headers=headers)
    response.raise_for_status()
    return email


def _new_address(environment: Mapping[str, str]) -> str:
    domain = environment["POSTROOM_DOMAINS"].partition(",")[0]
    return f"p-{uuid4().hex[:12]}@{domain}"


async def open_stream(url: str, token: str) -> Stream:
    """Open a stream and wait until its mailbox is ready.

    Without an HTTP client: a thousand of them would use more CPU than the service.
    """
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
