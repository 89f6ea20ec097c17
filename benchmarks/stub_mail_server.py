"""A stub of the mail server that responds after one millisecond and uses little CPU.

    python -m benchmarks.stub_mail_server PORT

It supports the requests that create a mailbox and those that resolve an unknown outcome, and it counts requests. The
stand-in of the trial would distort the figures: it checks each request, which takes as long as all the work of the
service.
"""

import asyncio
import json
import sys
from http import HTTPStatus
from typing import Any

import uvloop

from postroom_sandbox.processes import end_with_parent

RESPOND_AFTER = 0.001
JMAP = "urn:stalwart:jmap"
SESSION = {"accounts": {"a": {"accountCapabilities": {JMAP: {}}}}, "primaryAccounts": {JMAP: "a"}}


class MailServer:
    def __init__(self) -> None:
        self.requests = 0
        self._accounts = Accounts()

    def respond(self, path: str, body: bytes) -> Any:
        """Return the content of the response; None for an unknown path."""
        if path == "/count":
            return {"requests": self.requests}
        self.requests += 1
        if path == "/jmap/session":
            return SESSION
        if path == "/jmap/":
            return {"methodResponses": self._accounts.responses(json.loads(body)["methodCalls"]), "sessionState": ""}
        return None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = head.lower().partition("content-length:")[2].partition("\r\n")[0]
                body = await reader.readexactly(int(length or 0))
                found = self.respond(head.split(" ", 2)[1], body)
                await asyncio.sleep(RESPOND_AFTER)
                status = HTTPStatus.NOT_FOUND if found is None else HTTPStatus.OK
                content = json.dumps(found).encode()
                writer.write(
                    f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/json\r\n"
                    f"Content-Length: {len(content)}\r\n\r\n".encode()
                    + content
                )
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


class Accounts:
    """Accounts by id, which is the name, and ids by mark."""

    def __init__(self) -> None:
        self._by_id: dict[str, Any] = {}
        self._by_mark: dict[str, str] = {}

    def responses(self, calls: list[Any]) -> list[Any]:
        found = list[str]()
        """The ids that `#ids` and `#c` refer to"""
        return [[name, self._respond(name, arguments, found), call_id] for name, arguments, call_id in calls]

    def _respond(self, name: str, arguments: Any, found: list[str]) -> Any:
        match name, arguments:
            case "x:Domain/query", {"filter": {"name": domain}}:
                return {"ids": [domain]}
            case "x:Account/set", {"create": {"c": account}}:
                return self._create(account, found)
            case "x:Account/query", {"filter": {"text": mark}}:
                found[:] = [self._by_mark[mark]] if mark in self._by_mark else []
                return {"ids": found}
            case "x:Account/get", {"ids": ["#c"]} | {"#ids": _}:
                return {"list": [self._by_id[each] for each in found]}
            case "x:Account/get", {"ids": ids}:
                return {"list": [self._by_id[each] for each in ids if each in self._by_id]}
            case "Core/echo", _:
                return arguments
            case _:
                raise ValueError(f"{name} is not a request that creates a mailbox")

    def _create(self, account: Any, found: list[str]) -> Any:
        name, mark = account["name"], account["aliases"]["0"]["name"].removeprefix("postroom-")
        if holder := self._by_mark.get(mark, name if name in self._by_id else None):
            where = {"object": "Account", "id": holder}
            return {"notCreated": {"c": {"type": "primaryKeyViolation", "properties": ["email"], "objectId": where}}}
        address = f"{name}@{account['domainId']}"
        self._by_id[name] = {"id": name, "emailAddress": address, "aliases": account["aliases"]}
        self._by_mark[mark] = name
        found[:] = [name]
        return {"created": {"c": {"id": name}}}


async def main() -> None:
    server = await asyncio.start_server(MailServer().serve, "127.0.0.1", int(sys.argv[1]))
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    end_with_parent()
    uvloop.run(main())
