"""An account with some mail, the same in every account prepared here."""

from collections.abc import Sequence
from typing import Any

import httpx2

from eventually import eventually
from jmap_server import MailPerson, letter

JSON = dict[str, Any]

_BOUNDARY = "-=boundary=-"
_ATTACHED = "\r\n".join(
    [
        f"--{_BOUNDARY}",
        "Content-Type: text/html; charset=utf-8",
        "",
        "<p>Here is the <b>report</b>.</p>",
        f"--{_BOUNDARY}",
        'Content-Type: application/pdf; name="report.pdf"',
        "Content-Disposition: attachment; filename=report.pdf",
        "Content-Transfer-Encoding: base64",
        "",
        "JVBERi0xLjQK",
        f"--{_BOUNDARY}--",
    ]
)
_MIXED = letter("Report, attached", _ATTACHED).replace(
    b"text/plain; charset=utf-8", f'multipart/mixed; boundary="{_BOUNDARY}"'.encode()
)
_FIRST = letter("Report", "Grüße, this is the report.\r\n" * 40, more="X-Colour: blue\r\n")
_REPLY = letter("Re: Report", "Thank you.", more="References: <5265706f7274@example.net>\r\n")
_LAST = letter("Lunch?", "One o'clock?")


class Account:
    """`http` is the person's client of the server itself; `using` are its capabilities. `names` are the values of
    `$name` in the table, `mailboxes` the ids of the mailboxes by their names."""

    def __init__(
        self, http: httpx2.AsyncClient, person: MailPerson, using: Sequence[str], *, sends_to: MailPerson
    ) -> None:
        self.http = http
        self.using = using
        self.names = {"$account": person.account_id, "$address": person.email, "$recipient": sends_to.email}
        self.mailboxes: dict[str, str] = {}

    async def call(self, method: str, **arguments: Any) -> JSON:
        call = [method, {"accountId": self.names["$account"]} | arguments, "0"]
        answer = await self.http.post("/jmap/", json={"using": self.using, "methodCalls": [call]})
        (name, found, _) = answer.raise_for_status().json()["methodResponses"][0]
        assert name == method, found
        assert not any(found.get(each) for each in ("notCreated", "notUpdated", "notDestroyed")), found
        return found

    def learn(self, responses: list[Any]) -> None:
        """The ids of the created objects, by creation ids."""
        for _, arguments, _ in responses:
            created = arguments.get("created")
            if isinstance(created, dict):
                self.names |= {f"${key}": value["id"] for key, value in created.items() if "id" in value}

    async def prepare(self) -> None:
        """Prepare the account; its earlier content is removed."""
        names = self.names
        await self._empty()
        boxes = {"box": {"name": "Projects"}, "sub": {"name": "Sub", "parentId": "#box"}}
        self.learn([("Mailbox/set", await self.call("Mailbox/set", create=boxes), "0")])
        self.mailboxes = {box["name"]: box["id"] for box in (await self.call("Mailbox/get", ids=None))["list"]}
        await self._put("1", _FIRST, {"$inbox"}, {"$flagged"})
        await self._put("2", _REPLY, {"$box"}, {"$seen"})
        names["$state"] = (await self.call("Email/get", ids=[]))["state"]
        query = await self.call("Email/query", sort=[{"property": "receivedAt", "isAscending": False}])
        names["$queryState"] = query["queryState"]
        await self._put("3", _MIXED, {"$inbox", "$box"}, set())
        await self._put("4", _LAST, {"$inbox"}, set())
        names["$newBlob"] = await self._upload(letter("Newest"))
        await self.call("Email/set", update={names["$email2"]: {"keywords/$answered": True}})
        names["$identity"] = (await self.call("Identity/get", ids=None))["list"][0]["id"]
        await eventually(self._is_indexed, "the new emails are found by their words")

    async def _is_indexed(self) -> bool:
        # A server may index and sort emails later than it stores them.
        found = await self.call("Email/query", filter={"text": "lunch"})
        ordered = await self.call("Email/query", sort=[{"property": "receivedAt", "isAscending": False}])
        newest_first = [self.names[f"$email{number}"] for number in range(4, 0, -1)]
        return found["ids"] == newest_first[:1] and ordered["ids"] == newest_first

    async def _empty(self) -> None:
        emails = (await self.call("Email/query"))["ids"]
        await self.call("Email/set", destroy=emails)
        boxes = (await self.call("Mailbox/get", ids=None))["list"]
        self.names |= {f"${box['role']}": box["id"] for box in boxes if box["role"]}
        while boxes := [box for box in boxes if not box["role"]]:
            parents = {box["parentId"] for box in boxes}
            for box in boxes:
                if box["id"] not in parents:
                    await self.call("Mailbox/set", destroy=[box["id"]])
            boxes = [box for box in boxes if box["id"] in parents]

    async def _put(self, number: str, message: bytes, boxes: set[str], keywords: set[str]) -> None:
        names = self.names
        names["$blob"] = await self._upload(message)
        email = {
            "blobId": names["$blob"],
            "mailboxIds": {names[box]: True for box in boxes},
            "keywords": dict.fromkeys(keywords, True),
            "receivedAt": f"2026-02-0{number}T12:00:00Z",
        }
        made = (await self.call("Email/import", emails={"e": email}))["created"]["e"]
        names |= {f"$email{number}": made["id"], f"$thread{number}": made["threadId"]}

    async def _upload(self, message: bytes) -> str:
        headers = {"Content-Type": "message/rfc822"}
        uploaded = await self.http.post(f"/jmap/upload/{self.names['$account']}/", content=message, headers=headers)
        return uploaded.raise_for_status().json()["blobId"]
