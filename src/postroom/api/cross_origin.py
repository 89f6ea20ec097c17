"""CORS (WHATWG Fetch §3.2): pages of listed origins may use what is for people, by tokens that they hold."""

from collections.abc import Collection

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

FOR_PEOPLE = ("/jmap", "/.well-known/jmap", "/api/")
MAX_AGE = 7200
"""Seconds that a browser need not ask again whether it may; none keeps it for longer than Chromium's two hours."""


class CrossOrigin:
    """Around the whole application, whose problems a page elsewhere would else see as "network error".

    Never with `Access-Control-Allow-Credentials`: no answer to a cookie is shown to another origin.
    """

    def __init__(self, app: ASGIApp, *, origins: Collection[str]) -> None:
        self._app = app
        self._cors = CORSMiddleware(
            app,
            allow_origins=origins,
            # What a token may do: neither to end a login nor to disconnect a device.
            allow_methods=("GET", "POST"),
            allow_headers=("Authorization", "Content-Type", "Last-Event-ID"),
            expose_headers=("Content-Disposition", "Retry-After", "WWW-Authenticate"),
            # Chromium asks so before it leaves the Internet for a network at home; Starlette would refuse all of it.
            allow_private_network=True,
            max_age=MAX_AGE,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        for_people = scope["type"] == "http" and scope["path"].startswith(FOR_PEOPLE)
        await (self._cors if for_people else self._app)(scope, receive, send)
