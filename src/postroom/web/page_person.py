"""Names in the mail page the person whose session asked for it. The page may show this person what the browser keeps
of their mail, before anything else has answered (docs/decisions/0025). Nobody may keep such a page: the next one who
asks for it may be somebody else."""

import asyncio
import gzip
import hashlib
from dataclasses import replace
from uuid import UUID

from starlette.requests import Request

from postroom.errors import PostroomError
from postroom.people.people import joined_headers
from postroom.people.ports import People
from postroom.web.acceptable import IDENTITY
from postroom.web.build import BuiltFile

PATIENCE = 0.1
"""Seconds that a page waits for Kratos. Without a name the page finds out itself who is signed in."""

_HEAD = b"<head>"


async def person_of(request: Request, people: People) -> UUID | None:
    """None if there is no session, if it needs a second factor, or if that is not known in time."""
    headers = joined_headers(request.headers.raw)
    if not headers.get("cookie"):
        return None  # a browser that opens a page has no other credential
    try:
        async with asyncio.timeout(PATIENCE):
            visitor = await people.identify(request.method, headers)
    except (PostroomError, TimeoutError):
        return None
    if visitor.set_cookie:
        request.state.set_cookie.extend(visitor.set_cookie)
    return visitor.person.identity_id if visitor.person.token_id is None else None


def page_for(page: BuiltFile, person: UUID) -> BuiltFile:
    """The page with its person. It is compressed anew, which takes less than the compressed page saves on the wire."""
    named = b'%b\n    <meta name="postroom-person" content="%b" />' % (_HEAD, str(person).encode())
    content = page.bodies[IDENTITY].replace(_HEAD, named, 1)
    bodies = {IDENTITY: content, "gzip": gzip.compress(content, 5, mtime=0)}
    return replace(page, bodies=bodies, digest=hashlib.sha256(content).hexdigest()[:32])
