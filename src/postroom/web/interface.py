"""The web interface over HTTP: answers what no other route serves."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from postroom.http.problems import plain_problem
from postroom.people.ports import People
from postroom.process.telemetry import log
from postroom.web import unbuilt, worker
from postroom.web.build import FOLDER, Build, BuiltFile, read_build
from postroom.web.page_person import page_for, person_of
from postroom.web.response import NO_STORE, respond, stated
from postroom.web.security_policy import page_headers
from postroom.web.shells import MAIL, shell_of

POLL_SECONDS = 1.0
"""The shortest time between two searches for a build that is not there yet."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where browsers find the interface. `public_url`: None: at the Host of each request. `connects`: origins besides
    our own to which its pages may connect. `keeps`: browsers keep the interface, to start it without a network."""

    public_url: str | None = None
    connects: Sequence[str] = ()
    keeps: bool = True


class Interface:
    """An ASGI application. It leaves to `otherwise` what it does not know. `people` finds the person of a mail page."""

    def __init__(
        self,
        place: Place,
        otherwise: ASGIApp,
        *,
        people: People | None = None,
        folder: Path = FOLDER,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._place = place
        self._otherwise = otherwise
        self._people = people
        self._folder = folder
        self._now = now
        self._build = self._read()
        self._polled = now()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = await self._answer(Request(scope)) if scope["type"] == "http" else None
        await (answer or self._otherwise)(scope, receive, send)

    async def _answer(self, request: Request) -> Response | None:
        path, build = request.scope["path"], await self._current()
        file, shell = self._at(path, build), shell_of(path, stated(request, "accept"))
        if file is None and shell is None:
            return _no_such_file() if path.startswith("/_app/") else None
        if request.method not in ("GET", "HEAD"):
            return plain_problem(405, "Method Not Allowed", {"Allow": "GET, HEAD"}).response()
        if file:
            return self._file(request, file, path)
        if build is None:
            return unbuilt.page(self._folder)
        page = build.page(shell or "")
        if self._people and shell == MAIL and (person := await person_of(request, self._people)):
            return self._page(request, page_for(page, person), NO_STORE)
        return self._page(request, page)

    def _at(self, path: str, build: Build | None) -> BuiltFile | None:
        if path == worker.PATH and not self._place.keeps:
            return worker.FAREWELL
        return build.files.get(path) if build else None

    def _file(self, request: Request, file: BuiltFile, path: str) -> Response:
        return respond(request, file, path, headers=worker.HEADERS if path == worker.PATH else None)

    def _page(self, request: Request, page: BuiltFile, more: Mapping[str, str] = MappingProxyType({})) -> Response:
        host, place = stated(request, "host"), self._place
        headers = page_headers(page, public_url=place.public_url, host=host, connects=place.connects)
        return respond(request, page, headers={**headers, **more})

    async def _current(self) -> Build | None:
        """The build. While there is none, it is searched for again: a trial starts before its interface is built."""
        if self._build is None and self._now() - self._polled >= POLL_SECONDS:
            self._polled = self._now()
            self._build = await asyncio.to_thread(self._read)
        return self._build

    def _read(self) -> Build | None:
        try:
            return read_build(self._folder)
        except OSError as error:  # mail and mailboxes do not need it
            log.warning("The web interface cannot be read", folder=str(self._folder), error=error.strerror)
            return None


def _no_such_file() -> Response:
    """A tab that is older than this build asks for a file of its own. Never a page, which it would run as a script, and
    never kept: another process may still have the file."""
    return plain_problem(404, "no such file in this version of the interface; load the page again", NO_STORE).response()
