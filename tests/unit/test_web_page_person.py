"""Whom the mail page names: the person whose session asked for it, or nobody."""

import asyncio
import gzip
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID, uuid4

import httpx2
import pytest
from starlette.responses import PlainTextResponse

from built_interface import FILES, write_build
from postroom.domain.person import Person, Scope
from postroom.errors import KratosUnavailable, NoSession, PostroomError, SecondFactorDue
from postroom.mail.ports import Visitor
from postroom.web.interface import Interface, Place

ANN, BEN = uuid4(), uuid4()
OF_ANN = {"Cookie": "session=ann", "Accept": "text/html"}


class Answers:
    """A port `People` that gives the same answer to everybody, after so many seconds."""

    def __init__(self, answer: UUID | Visitor | PostroomError, seconds: float = 0.0) -> None:
        self.answer = answer
        self._seconds = seconds
        self.asked = 0

    async def identify(self, method: str, headers: Mapping[str, str], *, refresh: bool = False) -> Visitor:
        self.asked += 1
        await asyncio.sleep(self._seconds)
        if isinstance(self.answer, PostroomError):
            raise self.answer
        return Visitor(Person(self.answer)) if isinstance(self.answer, UUID) else self.answer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_build(tmp_path / "build")


async def ask(folder: Path, people: Answers, path: str = "/mail", **headers: str) -> httpx2.Response:
    app = Interface(Place(), PlainTextResponse("no route", 404), people=people, folder=folder)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://h", trust_env=False) as http:
        return await http.get(path, headers={**OF_ANN, "Accept-Encoding": "identity", **headers})


def name_of(person: UUID) -> str:
    return f'<meta name="postroom-person" content="{person}" />'


async def test_mail_page_names_the_person_of_the_session_and_is_kept_by_nobody(folder: Path) -> None:
    for path in ("/mail", "/mail/sent", "/mail/inbox/T1"):
        answer = await ask(folder, Answers(ANN), path)
        assert name_of(ANN) in answer.text
        assert answer.text.replace(f"\n    {name_of(ANN)}", "") == FILES["/mail.html"]
        assert answer.headers["cache-control"] == "no-store"
        assert "script-src 'self' 'sha256-" in answer.headers["content-security-policy"]


async def test_page_of_one_person_is_not_the_page_of_another(folder: Path) -> None:
    etag = (await ask(folder, Answers(ANN))).headers["etag"]
    answer = await ask(folder, Answers(BEN), **{"If-None-Match": etag})
    assert (answer.status_code, name_of(BEN) in answer.text, name_of(ANN) in answer.text) == (200, True, False)


async def test_named_page_is_compressed_too(folder: Path) -> None:
    app = Interface(Place(), PlainTextResponse("no route", 404), people=Answers(ANN), folder=folder)
    async with (
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://h", trust_env=False) as http,
        http.stream("GET", "/mail", headers={**OF_ANN, "Accept-Encoding": "gzip, br"}) as answer,
    ):
        content = b"".join([chunk async for chunk in answer.aiter_raw()])
    assert answer.headers["content-encoding"] == "gzip"
    assert name_of(ANN) in gzip.decompress(content).decode()


@pytest.mark.parametrize(
    "error",
    [NoSession("ended"), SecondFactorDue("due", redirect_to=None), KratosUnavailable("away")],
    ids=["session ended", "second factor due", "Kratos away"],
)
async def test_nobody_is_named_who_is_not_signed_in_for_sure(folder: Path, error: PostroomError) -> None:
    answer = await ask(folder, Answers(error))
    assert (answer.status_code, answer.text) == (200, FILES["/mail.html"])
    assert answer.headers["cache-control"] == "no-cache"


async def test_page_does_not_wait_for_a_slow_kratos(folder: Path) -> None:
    async with asyncio.timeout(10):
        assert (await ask(folder, Answers(ANN, seconds=60))).text == FILES["/mail.html"]


async def test_access_token_and_request_without_a_cookie_name_nobody(folder: Path) -> None:
    token = Visitor(Person(ANN, frozenset({Scope.READ}), token_id=uuid4()))
    assert (await ask(folder, Answers(token))).text == FILES["/mail.html"]
    people = Answers(ANN)
    assert (await ask(folder, people, Cookie="")).text == FILES["/mail.html"]
    assert people.asked == 0


async def test_other_pages_name_nobody(folder: Path) -> None:
    people = Answers(ANN)
    for path in ("/", "/sign-in", "/settings"):
        assert "postroom-person" not in (await ask(folder, people, path)).text
    assert people.asked == 0
