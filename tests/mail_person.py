"""A person with a mailbox and a JMAP client, for tests of mail on the stand-in and on a real server."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from stalwart_client import StalwartClient, unique

MAIL_USING = [
    f"urn:ietf:params:jmap:{name}"
    for name in ("core", "mail", "submission", "vacationresponse", "quota", "blob", "principals")
]
PASSWORD = "first-long-secret-phrase-11"
Answer = dict[str, Any]


class Person:
    """`http` is logged in at the mail server or the gateway; `using` is that of each request."""

    def __init__(self, http: httpx2.AsyncClient, account: str, address: str, using: Sequence[str] = MAIL_USING) -> None:
        self.http = http
        self.account = account
        self.address = address
        self._using = list(using)

    async def calls(self, *calls: tuple[str, Answer], **more: Any) -> list[tuple[str, Answer]]:
        """Names and arguments of the responses to one request with these calls, tagged "0", "1", …"""
        tagged = [
            [method, {"accountId": self.account} | arguments, str(tag)] for tag, (method, arguments) in enumerate(calls)
        ]
        response = await self.http.post("/jmap/", json={"using": self._using, "methodCalls": tagged} | more)
        assert response.status_code == 200, response.text
        return [(name, answer) for name, answer, _ in response.json()["methodResponses"]]

    async def call(self, method: str, **arguments: Any) -> Answer:
        answers = await self.calls((method, arguments))
        return answers[0][1]

    async def create(self, kind: str, **value: Any) -> Answer:
        """The properties set by the server, or the SetError."""
        answer = await self.call(f"{kind}/set", create={"c": value})
        return answer["created"]["c"] if "created" in answer else answer["notCreated"]["c"]

    async def update(self, kind: str, number: str, **patch: Any) -> Answer:
        """`{}` on success, otherwise the SetError."""
        answer = await self.call(f"{kind}/set", update={number: patch})
        return answer["notUpdated"][number] if "notUpdated" in answer else {}

    async def get(self, kind: str, *numbers: str, **arguments: Any) -> Any:
        """The object, or a list if several are requested."""
        found = (await self.call(f"{kind}/get", ids=list(numbers), **arguments))["list"]
        return found[0] if len(numbers) == 1 else found

    async def query(self, kind: str = "Email", **arguments: Any) -> list[str]:
        return (await self.call(f"{kind}/query", **arguments))["ids"]

    async def upload(self, content: bytes, kind: str = "message/rfc822") -> Answer:
        headers = {"Content-Type": kind}
        response = await self.http.post(f"/jmap/upload/{self.account}/", content=content, headers=headers)
        assert response.status_code == 200, response.text
        return response.json()

    async def add(self, content: bytes, mailbox: str = "a", **more: Any) -> Answer:
        """Import a message; return its id, threadId and so on."""
        blob = (await self.upload(content))["blobId"]
        email = {"blobId": blob, "mailboxIds": {mailbox: True}} | more
        answer = await self.call("Email/import", emails={"c": email})
        return answer["created"]["c"] if "created" in answer else answer["notCreated"]["c"]

    async def draft(self, to: str, **more: Any) -> str:
        text: Answer = {"bodyValues": {"t": {"value": "Hello"}}, "textBody": [{"partId": "t", "type": "text/plain"}]}
        head = {"mailboxIds": {"d": True}, "keywords": {"$draft": True}, "subject": "A word"}
        people = {"from": [{"email": self.address}], "to": [{"email": to}]}
        return (await self.create("Email", **(head | people | text | more)))["id"]


@asynccontextmanager
async def person(admin: StalwartClient, **account: Any) -> AsyncIterator[Person]:
    """A new account in the first domain, with its own login."""
    name = unique()
    password = {"0": {"@type": "Password", "secret": PASSWORD}}
    number = await admin.create(name, credentials=password, **({"description": "Ann Example"} | account))
    address = f"{name}@example.org"
    async with httpx2.AsyncClient(base_url=admin.url, auth=(address, PASSWORD), timeout=30) as http:
        yield Person(http, number, address)


def message(subject: str = "Hello", *fields: str, body: str = "Hi\r\n") -> bytes:
    """A plain text message; further fields as `Name: value`."""
    head = ["From: Sender <sender@example.com>", "To: ann@example.org", f"Subject: {subject}", *fields]
    return "\r\n".join([*head, "", body]).encode()
