"""A sample mailbox: 200 messages like those of newsletters, notifications and people."""

import asyncio
import random
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import httpx2

MESSAGES = 200
_TEXT = (
    "the of and to in is that for it as was with be by on not he his but at are this have from or had an they which "
    "one meeting report invoice train ticket holiday garden number answer question budget Thursday please regards"
)

JSON = dict[str, Any]


def messages() -> list[bytes]:
    """Return the same messages every time: 1 to 40 KB, most with HTML and text, one in five with an attachment."""
    chance = random.Random(50)
    return [_message(number, chance) for number in range(MESSAGES)]


def _message(number: int, chance: random.Random) -> bytes:
    made = EmailMessage(policy=SMTP)
    made["From"] = f"Sender Number {number % 37} <sender{number % 37}@example.net>"
    made["To"] = "Reader <reader@example.org>, Someone Else <else@example.org>"
    made["Subject"] = f"{_prose(chance, 6)} ({number})"
    made["Date"] = f"Mon, {1 + number % 28:02} Jun 2026 12:{number % 60:02}:00 +0000"
    made["Message-ID"] = f"<{number}@example.net>"
    if number % 4:
        made["References"] = f"<{number - number % 4}@example.net>"
    paragraphs = [_prose(chance, chance.randrange(30, 90)) for _ in range(chance.randrange(2, 9))]
    made.set_content("\n\n".join(paragraphs))
    if number % 5:
        styled = '<p style="margin:0 0 16px;font-family:Helvetica,Arial,sans-serif;color:#333">'
        made.add_alternative(
            f"<html><body>{''.join(f'{styled}{each}</p>' for each in paragraphs)}</body></html>", "html"
        )
    if number % 5 == 1:
        made.add_attachment(chance.randbytes(20_000), maintype="application", subtype="pdf", filename="report.pdf")
    return made.as_bytes()


def _prose(chance: random.Random, words: int) -> str:
    return " ".join(chance.choices(_TEXT.split(), k=words)).capitalize() + "."


async def fill(http: httpx2.AsyncClient, account_id: str) -> str:
    """Import the messages into the inbox by JMAP (`http` is authorized); return the id of the inbox."""
    boxes = await _call(http, "Mailbox/get", {"accountId": account_id, "ids": None, "properties": ["role"]})
    inbox = next(box["id"] for box in boxes["list"] if box["role"] == "inbox")
    ids = list[str]()
    for number, message in enumerate(messages()):
        headers = {"Content-Type": "message/rfc822"}
        blob = await http.post(f"/jmap/upload/{account_id}/", content=message, headers=headers)
        email = {
            "blobId": blob.raise_for_status().json()["blobId"],
            "mailboxIds": {inbox: True},
            "keywords": {"$seen": True} if number % 3 else {},
            "receivedAt": f"2026-06-{1 + number // 10:02}T12:{number % 60:02}:00Z",
        }
        response = await _call(http, "Email/import", {"accountId": account_id, "emails": {"e": email}})
        if not (created := (response.get("created") or {}).get("e")):
            raise SystemExit(f"a message was not imported: {response.get('notCreated')}")
        ids.append(created["id"])
    await _until_in_order(http, account_id, ids)
    return inbox


async def _until_in_order(http: httpx2.AsyncClient, account_id: str, ids: list[str]) -> None:
    """Wait until Email/query returns them in order: Stalwart indexes received dates some time after the import."""
    newest_first = {"accountId": account_id, "sort": [{"property": "receivedAt", "isAscending": False}]}
    async with asyncio.timeout(60):
        while True:
            found = (await _call(http, "Email/query", newest_first))["ids"]
            if found[-MESSAGES:] == ids[::-1]:  # the trial's welcome messages are newer
                return
            await asyncio.sleep(0.1)


async def _call(http: httpx2.AsyncClient, method: str, arguments: JSON) -> JSON:
    body = {
        "using": ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"],
        "methodCalls": [[method, arguments, "0"]],
    }
    response = (await http.post("/jmap/", json=body)).raise_for_status().json()
    return response["methodResponses"][0][1]
