"""The same without a browser: one program that is signed in as the same person, and sends bare JMAP calls."""

import asyncio
import json
from typing import Any, Self
from uuid import UUID

import httpx2

from benchmarks.gateway import Route
from benchmarks.subscribers import BuiltInSubscriber
from benchmarks.trial import Trial
from benchmarks.users import User
from benchmarks.web.tab import PASSWORD

USING = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"]
ROW = [
    *("id", "threadId", "mailboxIds", "keywords", "from", "to", "subject", "receivedAt", "size", "preview"),
    "hasAttachment",
]
BODY = [
    *(*ROW, "cc", "replyTo", "sentAt", "messageId", "references", "header:Authentication-Results:all"),
    *("bodyValues", "textBody", "htmlBody", "attachments"),
]
"""As web/src/lib/sync/calls.ts asks for them."""

ROWS = 50


class Bare:
    """All calls go through Postroom, like the browser's, on one connection that is kept."""

    def __init__(self, url: str, user: User, account_id: str, boxes: dict[str, str], route: Route) -> None:
        self._url = url
        self._user = user
        self._account_id = account_id
        self._boxes = boxes
        self._route = route

    @classmethod
    async def signed_in(cls, trial: Trial, email: str) -> Self:
        url = trial.environment["POSTROOM_URL"]
        async with httpx2.AsyncClient(trust_env=False, timeout=60) as http:
            kratos = trial.environment["POSTROOM_KRATOS_PUBLIC_URL"]
            flow = (await http.get(f"{kratos}/self-service/login/api")).raise_for_status().json()
            form = {"method": "password", "identifier": email, "password": PASSWORD}
            found = (await http.post(flow["ui"]["action"], json=form)).raise_for_status().json()
            user = User(UUID(found["session"]["identity"]["id"]), email, found["session_token"])
            headers = {"X-Session-Token": user.token}
            session = (await http.get(f"{url}/jmap/session", headers=headers)).raise_for_status().json()
        account_id = session["primaryAccounts"]["urn:ietf:params:jmap:mail"]
        made = cls(url, user, account_id, {}, Route(url, headers))
        _, (boxes,) = await made._send([["Mailbox/get", {"ids": None, "properties": ["role"]}, "0"]])
        made._boxes |= {box["role"]: box["id"] for box in boxes["list"] if box["role"]}
        return made

    async def subscriber(self) -> BuiltInSubscriber:
        found = BuiltInSubscriber(self._user)
        async with httpx2.AsyncClient(trust_env=False) as http:
            await found.open(http, {"POSTROOM_URL": self._url})
        return found

    async def count(self, role: str) -> int:
        """Return how many conversations lie in the mailbox of this role."""
        get = {"ids": [self._boxes[role]], "properties": ["totalThreads"]}
        _, (boxes,) = await self._send([["Mailbox/get", get, "0"]])
        return boxes["list"][0]["totalThreads"]

    async def rows(self, role: str = "inbox") -> float:
        """Ask for the rows of 50 conversations; return the milliseconds."""
        query = {
            "filter": {"inMailbox": self._boxes[role]},
            "sort": [{"property": "receivedAt", "isAscending": False}],
            "collapseThreads": True,
            "calculateTotal": True,
            "position": 0,
            "limit": ROWS,
        }
        elapsed, answers = await self._send(
            [
                ["Email/query", query, "q"],
                ["Email/get", {"#ids": _of("q", "Email/query", "/ids"), "properties": ["threadId"]}, "e"],
                ["Thread/get", {"#ids": _of("e", "Email/get", "/list/*/threadId")}, "t"],
                ["Email/get", {"#ids": _of("t", "Thread/get", "/list/*/emailIds"), "properties": ROW}, "m"],
            ]
        )
        assert len(answers[2]["list"]) == ROWS or role != "inbox", answers
        return elapsed

    async def open(self, thread_id: str) -> float:
        """Ask for a conversation with its bodies; return the milliseconds."""
        get = {
            "#ids": _of("t", "Thread/get", "/list/*/emailIds"),
            "properties": BODY,
            "bodyProperties": ["partId", "blobId", "size", "name", "type", "disposition", "cid"],
            "fetchTextBodyValues": True,
            "fetchHTMLBodyValues": True,
            "maxBodyValueBytes": 1_000_000,
        }
        elapsed, answers = await self._send([["Thread/get", {"ids": [thread_id]}, "t"], ["Email/get", get, "m"]])
        assert answers[1]["list"], answers
        return elapsed

    async def _send(self, calls: list[list[Any]]) -> tuple[float, list[Any]]:
        for _, arguments, _ in calls:
            arguments["accountId"] = self._account_id
        body = json.dumps({"using": USING, "methodCalls": calls}).encode()
        elapsed, content = await asyncio.to_thread(self._route.send, body)
        return 1000 * elapsed, [answer for _, answer, _ in json.loads(content)["methodResponses"]]

    def close(self) -> None:
        self._route.close()


def _of(call: str, name: str, path: str) -> dict[str, str]:
    return {"resultOf": call, "name": name, "path": path}
