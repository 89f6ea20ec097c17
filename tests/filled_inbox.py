"""Mail that was there before a test begins: the stand-in keeps it at once, and nobody is told of it."""

import base64
from datetime import UTC, datetime, timedelta

import httpx2

from mail_page import Running
from mail_person import message

_BATCH = 500


async def fill_inbox(up: Running, address: str, count: int) -> None:
    """Unread mail, Order 1, Order 2, …; the last one is the newest, right below the welcome. They are a minute apart:
    of mail of the same second each server has an order of its own."""
    newest = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
    async with httpx2.AsyncClient(base_url=up.environment["POSTROOM_STALWART_URL"], trust_env=False) as http:
        for first in range(1, count + 1, _BATCH):
            messages = [
                {
                    "content": base64.b64encode(message(f"Order {number}")).decode(),
                    "mailbox": "inbox",
                    "keywords": [],
                    "receivedAt": (newest - timedelta(minutes=count - number)).isoformat(),
                }
                for number in range(first, min(first + _BATCH, count + 1))
            ]
            kept = await http.post("/_sandbox/mail", json={"to": address, "messages": messages}, timeout=60)
            assert kept.status_code == 200, kept.text
