"""A person at a browser: registered at Kratos through Postroom, and known to it only by the cookie."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx2
from playwright.async_api import BrowserContext

from eventually import eventually
from live_stream import LiveStreamReader, listening
from mail_person import Person
from postroom.kratos.public_api import PATH

PASSWORD = "correct horse battery staple"
OFFERED = [
    f"urn:ietf:params:jmap:{name}"
    for name in ("core", "mail", "submission", "vacationresponse", "blob", "quota", "sieve")
]
"""The person's client of the gateway."""


class Newcomer:
    """`http` is the browser on Postroom's pages: it sends the cookie and the Origin."""

    def __init__(self, http: httpx2.AsyncClient, environment: Mapping[str, str], email: str) -> None:
        self.http = http
        self.email = email
        self._kratos = environment["POSTROOM_URL"] + PATH

    async def register(self) -> None:
        headers = {"Accept": "application/json"}
        started = await self.http.get(f"{self._kratos}/self-service/registration/browser", headers=headers)
        ui = started.raise_for_status().json()["ui"]
        names = {node["attributes"]["name"]: node["attributes"].get("value") for node in ui["nodes"]}
        form = {"method": "password", "password": PASSWORD, "traits": {"email": self.email}}
        answer = await self.http.post(
            self._ours(ui["action"]), json=form | {"csrf_token": names["csrf_token"]}, headers=headers
        )
        assert answer.status_code == 200, answer.text

    async def me(self) -> dict[str, Any]:
        answer = await self.http.get("/api/me")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def live_stream(self, last_id: str | None = None) -> AbstractAsyncContextManager[LiveStreamReader]:
        return listening(self.http, last_id)

    async def mail(self) -> Person:
        """The mailbox through the gateway, once it is ready."""

        async def is_ready() -> bool:
            return (await self.me())["mailbox"]["state"] == "ready"

        await eventually(is_ready, f"the mailbox of {self.email}", 20)
        answer = await self.http.get("/jmap/session")
        assert answer.status_code == 200, answer.text
        session = answer.json()
        assert session["username"] == self.email
        return Person(self.http, session["primaryAccounts"]["urn:ietf:params:jmap:mail"], self.email, using=OFFERED)

    async def enter(self, context: BrowserContext) -> None:
        """Give that browser the session of the person."""
        url = str(self.http.base_url)
        cookies = [{"name": one.name, "value": one.value or "", "url": url} for one in self.http.cookies.jar]
        await context.add_cookies(cookies)  # pyright: ignore[reportArgumentType] - they are such

    async def log_out(self) -> None:
        """Log out as the webmail does: first here, then at Kratos."""
        assert (await self.http.post("/api/logout")).status_code == 204
        headers = {"Accept": "application/json"}
        started = await self.http.get(f"{self._kratos}/self-service/logout/browser", headers=headers)
        ended = await self.http.get(self._ours(started.raise_for_status().json()["logout_url"]), headers=headers)
        assert ended.status_code == 204, ended.text

    def _ours(self, url: str) -> str:
        """The same on our own origin, whatever host Kratos names."""
        return f"{self._kratos}/self-service{url.partition('/self-service')[2]}"


@asynccontextmanager
async def newcomer(environment: Mapping[str, str], name: str) -> AsyncIterator[Newcomer]:
    """A registered person. `environment` is what `postroom env` prints."""
    url = environment["POSTROOM_URL"]
    email = f"{name}@{environment['POSTROOM_DOMAINS'].partition(',')[0]}"
    async with httpx2.AsyncClient(base_url=url, trust_env=False, timeout=30, headers={"Origin": url}) as http:
        person = Newcomer(http, environment, email)
        await person.register()
        yield person
