"""Cyrus as the mail server of a Postroom: people's mail is at Cyrus, and what only Stalwart has (`x:` methods) at the
stand-in.

async with cyrus_front(tmp_path) as front:
    settings = front.settings  # for `postroom up`
    front.deliver("alice@example.org", message)
"""

import json
import smtplib
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from cyrus_server import DOMAIN, CyrusServer, Login, cyrus_server
from postroom_sandbox.loopback import LOOPBACK, free_port
from postroom_sandbox.stalwart.mail_master import LOGIN as MASTER
from stalwart_stand_in import StalwartStandIn, stalwart_stand_in

MASTER_PASSWORD = "master-password-of-the-front"
_OF_THE_CONNECTION = {
    *("host", "content-length", "transfer-encoding", "connection", "keep-alive", "authorization", "accept-encoding")
}
_LARGEST = 100_000_000


@dataclass(frozen=True)
class CyrusFront:
    cyrus: CyrusServer
    settings: dict[str, str]

    def deliver(self, to: str, message: bytes, sender: str = "friend@example.com") -> None:
        with smtplib.LMTP(*self.cyrus.lmtp) as connection:
            connection.sendmail(sender, [to], message)


class _Accounts:
    """The ids of people's accounts: at the stand-in, and at Cyrus."""

    def __init__(self, logins: dict[str, Login]) -> None:
        self._logins = logins
        self._names: dict[str, str] = {}

    def learn(self, found: Any) -> None:
        if isinstance(found, dict):
            if login := self._logins.get(str(found.get("emailAddress"))):
                self._names[found["id"]] = login.name
            for value in found.values():
                self.learn(value)
        elif isinstance(found, list):
            for value in found:
                self.learn(value)

    def to_cyrus(self, found: Any) -> Any:
        return _replaced(found, self._names)

    def to_stand_in(self, asked: Any) -> Any:
        return _replaced(asked, {name: number for number, name in self._names.items()})


def _replaced(value: Any, table: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {table.get(key, key): _replaced(each, table) for key, each in value.items()}
    if isinstance(value, list):
        return [_replaced(each, table) for each in value]
    return table.get(value, value) if isinstance(value, str) else value


class _Front:
    def __init__(self, cyrus: CyrusServer, stand_in: StalwartStandIn, http: aiohttp.ClientSession) -> None:
        self._cyrus = cyrus
        self._stand_in = stand_in
        self._http = http
        self._logins = {login.email: login for login in cyrus.logins}
        self._accounts = _Accounts(self._logins)

    def _person(self, request: web.Request) -> Login | None:
        """Whom the master account acts for, if they are Cyrus'."""
        kind, _, value = request.headers.get("Authorization", "").partition(" ")
        login = b64decode(value).decode().rpartition(":")[0] if kind == "Basic" else ""
        person, percent, _ = login.lower().partition("%")
        return self._logins.get(person) if percent else None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body, person = await request.read(), self._person(request)
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _OF_THE_CONNECTION}
        if person:
            path = "/jmap/" if request.path in ("/jmap/session", "/.well-known/jmap") else request.path_qs
            url, headers["Authorization"] = self._cyrus.url + path, person.authorization
        else:
            url, headers["Authorization"] = self._stand_in.url + request.path_qs, request.headers["Authorization"]
            body = json.dumps(self._accounts.to_stand_in(json.loads(body))).encode() if body else b""
        timeout = aiohttp.ClientTimeout(None)
        async with self._http.request(
            request.method, url, data=body or None, headers=headers, allow_redirects=False, timeout=timeout
        ) as answer:
            if answer.content_type == "text/event-stream":
                return await _streamed(request, answer)
            found = await answer.read()
            if not person and "json" in answer.content_type:
                content = json.loads(found)
                self._accounts.learn(content)
                found = json.dumps(self._accounts.to_cyrus(content)).encode()
            kept = {"Content-Type": answer.headers.get("Content-Type", "")} if found else {}
            return web.Response(status=answer.status, body=found, headers=kept)


async def _streamed(request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    async for chunk in answer.content.iter_any():
        await response.write(chunk)
    return response


@asynccontextmanager
async def cyrus_front(folder: Path) -> AsyncIterator[CyrusFront]:
    """Raises `Missing`, if there is no Cyrus."""
    async with AsyncExitStack() as stack:
        cyrus = await stack.enter_async_context(cyrus_server())
        stand_in = await stack.enter_async_context(stalwart_stand_in(folder, mail_master=MASTER_PASSWORD))
        http = await stack.enter_async_context(aiohttp.ClientSession(auto_decompress=False))
        app = web.Application(client_max_size=_LARGEST)
        app.router.add_route("*", "/{path:.*}", _Front(cyrus, stand_in, http).handle)
        runner = web.AppRunner(app)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        port = free_port()
        await web.TCPSite(runner, LOOPBACK, port).start()
        settings = {
            "POSTROOM_STALWART_URL": f"http://{LOOPBACK}:{port}",
            "POSTROOM_STALWART_API_KEY": str(stand_in.api_key),
            "POSTROOM_MAIL_MASTER": f"{MASTER}@{DOMAIN}:{MASTER_PASSWORD}",
        }
        yield CyrusFront(cyrus, settings)
