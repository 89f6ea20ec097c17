"""What the gateway adds to a request: the same request through Postroom and directly to the mail server.

    python -m benchmarks.gateway [--json]

The request is what a client sends to show a list of mail: Email/query, and Email/get of the 50 emails that it finds, in
one request; once without and once with the bodies. The mailbox has 200 messages. One client sends the request each way
in turn, on persistent connections. Through Postroom, everything is included: the session at Kratos or the access token
(cached for 30 s), the account in PostgreSQL (cached for 10 s), and the checks.

The mail servers are:

- the stand-in of the trial, written in Python. It keeps lists ready, so it is faster there than a mail server, and
  parses bodies each time, so it is slower there;
- Debian's Cyrus, if it is installed. It waits about 40 ms before it ends a small response on a persistent connection;
- a Stalwart, if STALWART_URL and STALWART_ADMIN=login:password are set. Its domain is example.org.
"""

import asyncio
import base64
import http.client
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2
import psycopg

from benchmarks.command import Figures, on_trial, parse_json_flag, print_figures
from benchmarks.figures import percentile
from benchmarks.sample_mailbox import fill
from benchmarks.trial import Trial
from benchmarks.users import User, sign_up
from tests.cyrus_server import cyrus_server
from tests.missing import Missing
from tests.stalwart_client import StalwartClient, unique

TURNS, WARM_UP = 300, 30
DIRECT = "direct"
LISTED = 50
LIST = [
    *("id", "threadId", "mailboxIds", "keywords", "hasAttachment", "from", "to", "subject"),
    *("receivedAt", "size", "preview"),
]
BODIES = [*LIST, "messageId", "references", "bodyStructure", "bodyValues", "textBody", "htmlBody", "attachments"]
KINDS: Mapping[str, dict[str, Any]] = {
    "list": {"properties": LIST},
    "list with bodies": {"properties": BODIES, "fetchHTMLBodyValues": True, "fetchTextBodyValues": True},
}

IDLE = 2.0
"""Seconds after which a connection is opened anew: a server closes one that is idle for longer."""


@dataclass(frozen=True)
class Mail:
    """An account at a mail server. `authorization` is what Postroom would send, too."""

    server: str
    url: str
    account_id: str
    authorization: str


class Route:
    """One way to send the requests, on a persistent connection."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        parts = urlsplit(url)
        assert parts.hostname
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
        self._headers = {**headers, "Content-Type": "application/json"}
        self._last_used = 0.0

    def send(self, body: bytes) -> tuple[float, bytes]:
        """Return the seconds from the first byte sent to the last one received, and the response."""
        if time.perf_counter() - self._last_used > IDLE:
            self._connection.close()
            self._connection.connect()
        started = time.perf_counter()
        self._connection.request("POST", "/jmap/", body, self._headers)
        response = self._connection.getresponse()
        content = response.read()
        self._last_used = time.perf_counter()
        if response.status != 200:
            raise SystemExit(f"the server responded {response.status}: {content[:300]!r}")
        return self._last_used - started, content

    def close(self) -> None:
        self._connection.close()


def compare(server: str, routes: Mapping[str, Route], body: bytes, kind: str) -> Figures:
    """Send the request by each route in turn, so that each comes first equally often. The first route is direct."""
    times: dict[str, list[float]] = {name: [] for name in routes}
    size = 0
    for turn in range(-WARM_UP, TURNS):
        first = turn % len(routes)
        responses = {name: routes[name].send(body) for name in [*routes, *routes][first : first + len(routes)]}
        found = [
            sorted(json.loads(content)["methodResponses"][1][1]["list"], key=_id) for _, content in responses.values()
        ]
        if any(each != found[0] for each in found) or len(found[0]) != LISTED:
            raise SystemExit(f"{server} did not return the same {LISTED} emails by every route")
        size = len(responses[DIRECT][1])
        if turn >= 0:  # the ones before are the warm-up
            for name, (elapsed, _) in responses.items():
                times[name].append(1000 * elapsed)
    figures: Figures = {f"{server}, {kind}: size of a response, KB": size // 1000}
    for name in routes:
        for percent in (50, 99):
            figures[f"{server}, {kind}: {name}, p{percent}, ms"] = round(percentile(times[name], percent), 2)
    for name in list(routes)[1:]:
        ratio = percentile(times[name], 50) / percentile(times[DIRECT], 50)
        figures[f"{server}, {kind}: {name} / {DIRECT}, p50"] = round(ratio, 2)
    return figures


def _id(email: dict[str, Any]) -> str:
    return email["id"]


async def measure_at(trial: Trial, user: User, mail: Mail, url: str) -> Figures:
    """Measure at the mail server of `mail`; `url` is the service in front of it."""
    headers = {"Authorization": mail.authorization}
    async with httpx2.AsyncClient(base_url=mail.url, headers=headers, trust_env=False, timeout=60) as client:
        inbox = await fill(client, mail.account_id)
    async with await psycopg.AsyncConnection.connect(trial.owner_url) as database:
        await database.execute(
            "UPDATE email_accounts SET stalwart_account_id = %s WHERE kratos_identity_id = %s",
            (mail.account_id, user.identity_id),
        )
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as client:
        wanted = {"name": "gateway", "scopes": ["read"]}
        made = await client.post(f"{url}/api/access-tokens", json=wanted, headers={"X-Session-Token": user.token})
        token = made.raise_for_status().json()["token"]
    figures = Figures()
    routes = {
        DIRECT: Route(mail.url, headers),
        "with a session": Route(url, {"X-Session-Token": user.token}),
        "with an access token": Route(url, {"Authorization": f"Bearer {token}"}),
    }
    for kind, wanted in KINDS.items():
        body = request(mail.account_id, inbox, wanted)
        figures |= await asyncio.to_thread(compare, mail.server, routes, body, kind)
    for route in routes.values():
        route.close()
    return figures


def request(account_id: str, inbox: str, wanted: Mapping[str, Any]) -> bytes:
    query = {
        "accountId": account_id,
        "filter": {"inMailbox": inbox},
        "sort": [{"property": "receivedAt", "isAscending": False}],
        "limit": LISTED,
        "calculateTotal": True,
    }
    get = {"accountId": account_id, "#ids": {"resultOf": "q", "name": "Email/query", "path": "/ids"}, **wanted}
    using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"]
    return json.dumps({"using": using, "methodCalls": [["Email/query", query, "q"], ["Email/get", get, "g"]]}).encode()


@asynccontextmanager
async def service_for(trial: Trial, mail: Mail) -> AsyncIterator[str]:
    """Start a second service whose upstream is that mail server; yield its URL."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.upstream_service"),
        env=os.environ
        | trial.environment
        | {"POSTROOM_LOG_LEVEL": "WARNING", "UPSTREAM_URL": mail.url, "UPSTREAM_AUTHORIZATION": mail.authorization}
        | {"UPSTREAM_SESSION": "/jmap/" if mail.server == "Cyrus" else "/jmap/session"},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin
    assert process.stdout
    try:
        line = await asyncio.wait_for(process.stdout.readline(), 30)
        if not line:
            raise SystemExit("the second service did not start; the reason is printed above")
        yield line.decode().strip()
    finally:
        process.stdin.close()
        await process.wait()


async def measure(trial: Trial) -> Figures:
    environment = trial.environment
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as client:
        user = await sign_up(client, environment)
        account_id = await _account_of(client, environment["POSTROOM_URL"], user)
    login, _, password = environment["POSTROOM_MAIL_MASTER"].partition(":")
    authorization = _basic(f"{user.email}%{login}", password)
    stand_in = Mail("stand-in", environment["POSTROOM_STALWART_URL"], account_id, authorization)
    figures = await measure_at(trial, user, stand_in, environment["POSTROOM_URL"])
    async with AsyncExitStack() as stack:
        for mail in await real_servers(stack):
            url = await stack.enter_async_context(service_for(trial, mail))
            figures |= await measure_at(trial, user, mail, url)
    return figures


async def _account_of(client: httpx2.AsyncClient, url: str, user: User) -> str:
    """Wait until the mailbox is ready; return its account id."""
    async with asyncio.timeout(30):
        while True:
            session = await client.get(f"{url}/jmap/session", headers={"X-Session-Token": user.token})
            if session.status_code == 200:
                (account_id,) = session.json()["accounts"]
                return account_id
            await asyncio.sleep(0.1)


async def real_servers(stack: AsyncExitStack) -> list[Mail]:
    """Return an account at each real mail server that is available."""
    found = list[Mail]()
    try:
        cyrus = await stack.enter_async_context(cyrus_server())
        login = cyrus.logins[0]
        found.append(Mail("Cyrus", cyrus.url, login.name, login.authorization))
    except Missing as missing:
        print(f"not measured with Cyrus: {missing}", file=sys.stderr)
    if url := os.environ.get("STALWART_URL"):
        login, _, password = os.environ["STALWART_ADMIN"].partition(":")
        admin = StalwartClient(url, (login, password))
        async with admin.http:
            admin.domain = await admin.ensure_domain("example.org")
            name = unique()
            account_id = await admin.create(name, credentials={"0": {"@type": "Password", "secret": unique()}})
            # As the gateway would log in.
            found.append(Mail("Stalwart", url, account_id, _basic(f"{name}@example.org%{login}", password)))
    return found


def _basic(login: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{login}:{password}".encode()).decode()


if __name__ == "__main__":
    as_json = parse_json_flag("python -m benchmarks.gateway")
    figures = asyncio.run(on_trial(measure))
    print_figures(("one request", ""), figures, as_json=as_json)
