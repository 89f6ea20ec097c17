"""A mail server that answers each request in one millisecond and takes next to nothing of the two cores.

It knows the requests that making a mailbox takes, keeps nothing, and counts. The stand-in of the trial would measure
itself: it checks and stores what it is asked, in as much time as the service needs for all the rest.

    python -m benchmarks.quick_mail_server PORT
"""

import asyncio
import json
import sys
from http import HTTPStatus
from typing import Any

import uvloop

from postroom.sandbox.processes import end_with_parent

ANSWER_AFTER = 0.001
JMAP = "urn:stalwart:jmap"
SESSION = {"accounts": {"a": {"accountCapabilities": {JMAP: {}}}}, "primaryAccounts": {JMAP: "a"}}


class MailServer:
    def __init__(self) -> None:
        self.requests = 0

    def answer(self, path: str, body: bytes) -> Any:
        """None for a path that it does not know."""
        if path == "/count":
            return {"requests": self.requests}
        self.requests += 1
        if path == "/jmap/session":
            return SESSION
        if path == "/jmap/":
            return {"methodResponses": _responses(json.loads(body)["methodCalls"]), "sessionState": ""}
        return None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = head.lower().partition("content-length:")[2].partition("\r\n")[0]
                body = await reader.readexactly(int(length or 0))
                found = self.answer(head.split(" ", 2)[1], body)
                await asyncio.sleep(ANSWER_AFTER)
                status = HTTPStatus.NOT_FOUND if found is None else HTTPStatus.OK
                content = json.dumps(found).encode()
                writer.write(
                    f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/json\r\n"
                    f"Content-Length: {len(content)}\r\n\r\n".encode()
                    + content
                )
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


def _responses(calls: list[Any]) -> list[Any]:
    made: dict[str, Any] = {}
    return [[name, _arguments(name, arguments, made), call_id] for name, arguments, call_id in calls]


def _arguments(name: str, arguments: Any, made: dict[str, Any]) -> Any:
    match name:
        case "x:Domain/query":
            return {"ids": [arguments["filter"]["name"]]}
        case "x:Account/set":
            made.update(arguments["create"]["c"])
            return {"created": {"c": {"id": made["name"]}}}
        case "x:Account/get" if made:
            address = f"{made['name']}@{made['domainId']}"
            return {"list": [{"id": made["name"], "emailAddress": address, "aliases": made["aliases"]}]}
        case "Core/echo":
            return arguments
        case _:
            raise ValueError(f"{name} is nothing that making a mailbox takes")


async def main() -> None:
    server = await asyncio.start_server(MailServer().serve, "127.0.0.1", int(sys.argv[1]))
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    end_with_parent()
    uvloop.run(main())
