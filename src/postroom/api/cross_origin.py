"""CORS (WHATWG Fetch §3.2): pages of listed origins may use the routes for people, with tokens."""

from collections.abc import Collection

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

FOR_PEOPLE = ("/jmap", "/.well-known/jmap", "/api/")
MAX_AGE = 7200
"""Seconds for which a browser caches a preflight; Chromium's limit of two hours is the longest."""


class CrossOrigin:
    """Middleware around the complete application, so that other pages see its problems and not a "network error".

    Never with `Access-Control-Allow-Credentials`: another origin must not see a response to a cookie.
    """

    def __init__(self, app: ASGIApp, *, origins: Collection[str]) -> None:
        self._app = app
        self._cors = CORSMiddleware(
            app,
            allow_origins=origins,
            # Methods for which a token is enough. DELETE needs a session.
            allow_methods=("GET", "POST"),
            allow_headers=("Authorization", "Content-Type", "Last-Event-ID"),
            expose_headers=("Content-Disposition", "Retry-After", "WWW-Authenticate"),
            # Chromium asks for it before a request from the Internet to a private network; Starlette refuses by
            # default.
            allow_private_network=True,
            max_age=MAX_AGE,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        for_people = scope["type"] == "http" and scope["path"].startswith(FOR_PEOPLE)
        await (self._cors if for_people else self._app)(scope, receive, send)
