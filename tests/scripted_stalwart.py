"""A scripted Stalwart: it answers sessions and queries of domains by itself, everything else as a test says.

server = ScriptedStalwart()
server.will(made("k", "alice@example.org"))
await server.registry().create(mailbox, deadline=5)
assert server.asked == ["session", "x:Domain/query", "x:Account/set"]
"""

import asyncio
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx2

from mocked_http import URL, Answer, ScriptedServer, mocked, played
from postroom.stalwart.registry import StalwartRegistry
from postroom.stalwart.registry_client import StalwartClient

KEY = "API_key-that-must-stay-secret-0123456789"
SESSION: dict[str, Any] = {
    "accounts": {"d333333": {"accountCapabilities": {"urn:stalwart:jmap": {}}}},
    "primaryAccounts": {"urn:stalwart:jmap": "d333333"},
}


def responses(*found: tuple[str, Any]) -> httpx2.Response:
    """A 200 with these method responses."""
    return httpx2.Response(
        200, json={"methodResponses": [[*each, str(place)] for place, each in enumerate(found)], "sessionState": "s"}
    )


def method_error(kind: str, **more: object) -> httpx2.Response:
    return responses(("error", {"type": kind, **more}))


def refused(kind: str, **more: object) -> httpx2.Response:
    """The response to a create that failed with this SetError."""
    error = {"type": kind, **more}
    return responses(
        ("x:Account/set", {"accountId": "d333333", "notCreated": {"c": error}}),
        ("error", {"type": "invalidResultReference"}),
    )


def taken(holder: str, kind: str = "Account") -> httpx2.Response:
    return refused("primaryKeyViolation", properties=["email"], objectId={"object": kind, "id": holder})


def made(account_id: str, email: str) -> Callable[[httpx2.Request], httpx2.Response]:
    """The account with the requested aliases."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        aliases = json.loads(request.content)["methodCalls"][0][1]["create"]["c"]["aliases"]
        return responses(
            ("x:Account/set", {"accountId": "d333333", "created": {"c": {"id": account_id}}}),
            ("x:Account/get", {"list": [{"id": account_id, "emailAddress": email, "aliases": aliases}]}),
        )

    return answer


def problem(status: int, kind: str = "about:blank", **more: object) -> httpx2.Response:
    """An RFC 7807 problem whose `detail` echoes the request, as Stalwart's does."""
    content = {"type": kind, "status": status, "title": "Title", "detail": f"secret echo {KEY}", **more}
    return httpx2.Response(status, json=content, headers={"content-type": "application/problem+json"})


def busy(limit: str = "maxConcurrentRequests") -> httpx2.Response:
    return problem(400, "urn:ietf:params:jmap:error:limit", limit=limit)


class ScriptedStalwart(ScriptedServer):
    """`answers` are the other responses. A query of a domain together with other calls is answered by itself, too."""

    def __init__(self, *answers: Answer, domains: dict[str, str] | None = None) -> None:
        super().__init__(*answers)
        self.domains = {"example.org": "b", "example.net": "c"} if domains is None else domains
        self.session: Answer = httpx2.Response(200, json=SESSION)
        self.asked: list[str] = []
        self.takes = 0.0
        """seconds for each response"""

    def registry(
        self,
        *,
        mark_domain: str = "example.org",
        quota: int | None = None,
        url: str = URL,
        now: Callable[[], datetime] | None = None,
    ) -> StalwartRegistry:
        return StalwartRegistry(
            self.client(url),
            mark_domain=mark_domain,
            quota=quota,
            pause=self.pause,
            uniform=lambda low, high: (low + high) / 2,
            monotonic=lambda: self.clock,
            now=now,
        )

    def client(self, url: str = URL) -> StalwartClient:
        return StalwartClient(url, f"Bearer {KEY}", connection=mocked(url, self._handle))

    async def _handle(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        await asyncio.sleep(self.takes)
        if request.method == "GET":
            self.asked.append("session")
            return played(self.session, request)
        name = self.calls()[0][0]
        self.asked.append(name)
        if name == "x:Domain/query":
            return self._with_domains(responses())
        return self._with_domains(self._next(request))

    def _with_domains(self, response: httpx2.Response) -> httpx2.Response:
        """Add responses to the queries of domains that the script does not answer."""
        try:
            answers = response.json()["methodResponses"]
            known = {tag for _, _, tag in answers}
        except (ValueError, LookupError, TypeError):
            return response
        for name, arguments, tag in self.calls():
            if name == "x:Domain/query" and tag not in known:
                found = self.domains.get(arguments["filter"]["name"])
                answers.append([name, {"ids": [found] if found else []}, tag])
        return httpx2.Response(200, content=json.dumps({"methodResponses": answers, "sessionState": "s"}))
