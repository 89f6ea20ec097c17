"""What the gateway adds to a request: through Postroom, beside the same request straight to the mail server.

    python -m benchmarks.gateway [--json]

The request is what a list of mail asks for: Email/query, and Email/get of the 50 that it finds, in one; once without
and once with the bodies. All ways in turns, one client, on connections that stay open, of a mailbox with 200 messages.
Through Postroom is all of it: the session at Kratos or the access token (remembered for 30 s), the account in
PostgreSQL (for 10 s), and the checks.

The mail servers: the trial's stand-in, of Python: its lists lie ready, faster than a mail server's, and its bodies are
parsed each time, slower; Debian's Cyrus where it is installed, which waits some 40 ms before it ends a small answer
on a connection that stays open; and the Stalwart of STALWART_URL and STALWART_ADMIN=login:password, with the domain
example.org, if they are set.
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

from benchmarks.command import Figures, on_trial, tell, wants_json
from benchmarks.figures import percentile
from benchmarks.mail_of_weeks import fill
from benchmarks.people import Member, sign_up
from benchmarks.trial import Trial
from tests.cyrus_server import cyrus_server
from tests.go_program import Missing
from tests.stalwart_client import StalwartClient, unique

TURNS, WARMING = 300, 30
STRAIGHT = "straight"
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


@dataclass(frozen=True)
class Mail:
    """Somebody's, at the mail server itself. `authorization` is what Postroom would use, too."""

    server: str
    url: str
    account_id: str
    authorization: str


class Way:
    """One connection that stays open, by which the requests go."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        parts = urlsplit(url)
        assert parts.hostname
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
        self._headers = {**headers, "Content-Type": "application/json"}

    def ask(self, body: bytes) -> tuple[float, bytes]:
        """Seconds from the first byte sent to the last one received, and the answer."""
        started = time.perf_counter()
        self._connection.request("POST", "/jmap/", body, self._headers)
        answer = self._connection.getresponse()
        found = answer.read()
        taken = time.perf_counter() - started
        if answer.status != 200:
            raise SystemExit(f"answered {answer.status}: {found[:300]!r}")
        return taken, found

    def close(self) -> None:
        self._connection.close()


def compare(server: str, ways: Mapping[str, Way], body: bytes, kind: str) -> Figures:
    """In turns, and each of them first as often as the others. The first way is the straight one."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    size = 0
    for turn in range(-WARMING, TURNS):
        first = turn % len(ways)
        answers = {name: ways[name].ask(body) for name in [*ways, *ways][first : first + len(ways)]}
        found = [sorted(json.loads(answer)["methodResponses"][1][1]["list"], key=_id) for _, answer in answers.values()]
        if any(each != found[0] for each in found) or len(found[0]) != LISTED:
            raise SystemExit(f"{server} was not answered alike, or not with {LISTED} emails")
        size = len(answers[STRAIGHT][1])
        if turn >= 0:  # the first ones warm up
            for name, (taken, _) in answers.items():
                times[name].append(1000 * taken)
    figures: Figures = {f"{server}, {kind}: size of an answer, KB": size // 1000}
    for name in ways:
        for percent in (50, 99):
            figures[f"{server}, {kind}: {name}, p{percent}, ms"] = round(percentile(times[name], percent), 2)
    for name in list(ways)[1:]:
        ratio = percentile(times[name], 50) / percentile(times[STRAIGHT], 50)
        figures[f"{server}, {kind}: {name} / {STRAIGHT}, p50"] = round(ratio, 2)
    return figures


def _id(email: dict[str, Any]) -> str:
    return email["id"]


async def measure_at(trial: Trial, member: Member, mail: Mail, url: str) -> Figures:
    """`url` is the service that asks there."""
    headers = {"Authorization": mail.authorization}
    async with httpx2.AsyncClient(base_url=mail.url, headers=headers, trust_env=False, timeout=60) as client:
        inbox = await fill(client, mail.account_id)
    async with await psycopg.AsyncConnection.connect(trial.owner_url) as database:
        await database.execute(
            "UPDATE email_accounts SET stalwart_account_id = %s WHERE kratos_identity_id = %s",
            (mail.account_id, member.identity_id),
        )
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as client:
        wanted = {"name": "gateway", "scopes": ["read"]}
        made = await client.post(f"{url}/api/access-tokens", json=wanted, headers={"X-Session-Token": member.token})
        token = made.raise_for_status().json()["token"]
    figures = Figures()
    ways = {
        STRAIGHT: Way(mail.url, headers),
        "with a session": Way(url, {"X-Session-Token": member.token}),
        "with an access token": Way(url, {"Authorization": f"Bearer {token}"}),
    }
    for kind, wanted in KINDS.items():
        body = request(mail.account_id, inbox, wanted)
        figures |= await asyncio.to_thread(compare, mail.server, ways, body, kind)
    for way in ways.values():
        way.close()
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
async def service_before(trial: Trial, mail: Mail) -> AsyncIterator[str]:
    """The URL of a second service, whose mail is at that server."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.service_elsewhere"),
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
            raise SystemExit("the second service did not start; its reason stands above")
        yield line.decode().strip()
    finally:
        process.stdin.close()
        await process.wait()


async def measure(trial: Trial) -> Figures:
    environment = trial.environment
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as client:
        member = await sign_up(client, environment)
        account_id = await _account_of(client, environment["POSTROOM_URL"], member)
    login, _, password = environment["POSTROOM_MAIL_MASTER"].partition(":")
    authorization = _basic(f"{member.email}%{login}", password)
    stand_in = Mail("stand-in", environment["POSTROOM_STALWART_URL"], account_id, authorization)
    figures = await measure_at(trial, member, stand_in, environment["POSTROOM_URL"])
    async with AsyncExitStack() as stack:
        for mail in await others(stack):
            url = await stack.enter_async_context(service_before(trial, mail))
            figures |= await measure_at(trial, member, mail, url)
    return figures


async def _account_of(client: httpx2.AsyncClient, url: str, member: Member) -> str:
    """As soon as the mailbox is ready."""
    async with asyncio.timeout(30):
        while True:
            session = await client.get(f"{url}/jmap/session", headers={"X-Session-Token": member.token})
            if session.status_code == 200:
                (account_id,) = session.json()["accounts"]
                return account_id
            await asyncio.sleep(0.1)


async def others(stack: AsyncExitStack) -> list[Mail]:
    """The mail servers here that are none of ours."""
    found = list[Mail]()
    try:
        cyrus = await stack.enter_async_context(cyrus_server())
        login = cyrus.logins[0]
        found.append(Mail("Cyrus", cyrus.url, login.name, login.authorization))
    except Missing as missing:
        print(f"NOT MEASURED with Cyrus: {missing}", file=sys.stderr)
    if url := os.environ.get("STALWART_URL"):
        login, _, password = os.environ["STALWART_ADMIN"].partition(":")
        admin = StalwartClient(url, (login, password))
        async with admin.http:
            admin.domain = await admin.ensure_domain("example.org")
            name = unique()
            account_id = await admin.create(name, credentials={"0": {"@type": "Password", "secret": unique()}})
            # As the gateway would ask for it.
            found.append(Mail("Stalwart", url, account_id, _basic(f"{name}@example.org%{login}", password)))
    return found


def _basic(login: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{login}:{password}".encode()).decode()


if __name__ == "__main__":
    as_json = wants_json("python -m benchmarks.gateway")
    figures = asyncio.run(on_trial(measure))
    tell(("one request", ""), figures, as_json=as_json)
