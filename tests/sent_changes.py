"""What the tabs of a browser had the mail server change, as the network saw it."""

from collections import Counter
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, Response


@dataclass(frozen=True)
class SentChange:
    email_id: str
    patch: dict[str, Any] | None
    """None if the email was destroyed"""


class SentChanges:
    """All changes of emails that were answered since."""

    def __init__(self, context: BrowserContext) -> None:
        self.all: list[SentChange] = []
        context.on("response", self._answered)

    def _answered(self, response: Response) -> None:
        request = response.request
        if request.method != "POST" or urlsplit(request.url).path != "/jmap/" or response.status != 200:
            return
        for name, arguments, _ in (request.post_data_json or {})["methodCalls"]:
            if name == "Email/set":
                self.all += [SentChange(email_id, patch) for email_id, patch in arguments.get("update", {}).items()]
                self.all += [SentChange(email_id, None) for email_id in arguments.get("destroy", [])]

    def times(self) -> Counter[str]:
        """How often each email was changed."""
        return Counter(change.email_id for change in self.all)
