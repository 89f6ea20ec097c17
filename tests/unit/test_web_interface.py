"""The interface over HTTP: which file answers, how long it may be kept, and whom the mail page names."""

import asyncio
import gzip
from collections.abc import Mapping
from pathlib import Path
from shutil import rmtree
from typing import NamedTuple
from uuid import UUID, uuid4

import httpx2
import pytest
from starlette.responses import PlainTextResponse

from built_interface import ENTRY, FILES, FRAME_PATH, REMOTE_FRAME_PATH, STYLE, write_build
from postroom.domain.person import Person, Scope
from postroom.errors import KratosUnavailable, NoSession, PostroomError, SecondFactorDue
from postroom.people.ports import Visitor
from postroom.web.interface import POLL_SECONDS, Interface, Place

OTHERWISE = PlainTextResponse("no route", 404)
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_build(tmp_path / "build")


def opened(folder: Path, place: Place | None = None, seconds: list[float] | None = None) -> Interface:
    moments = seconds or [0.0]
    return Interface(place or Place(), OTHERWISE, folder=folder, now=lambda: moments[0])


class Answer(NamedTuple):
    status_code: int
    headers: httpx2.Headers
    text: str
    """as it was sent, also if compressed"""


async def ask(interface: Interface, path: str, headers: dict[str, str] | None = None, method: str = "GET") -> Answer:
    transport = httpx2.ASGITransport(app=interface)
    async with httpx2.AsyncClient(transport=transport, base_url="http://h", trust_env=False) as http:
        headers = {"Accept-Encoding": "identity"} | (headers or {})
        async with http.stream(method, path, headers=headers) as response:
            content = b"".join([chunk async for chunk in response.aiter_raw()])
            return Answer(response.status_code, response.headers, content.decode())


@pytest.mark.parametrize(
    ("path", "headers", "shown"),
    [
        ("/", {}, "index"),
        ("/sign-in", BROWSER, "index"),
        ("/sign-in?flow=1", BROWSER, "index"),
        ("/mail", {}, "mail"),
        ("/mail/inbox/T1", BROWSER, "mail"),
        ("/mailbox", BROWSER, "index"),
        ("/mail.html", BROWSER, "index"),
        ("/apiary", BROWSER, "index"),
        ("/sign-in", {}, "no route"),
        ("/sign-in", {"Accept": "*/*"}, "no route"),
        ("/robots.txt", {"Accept": "*/*"}, "no route"),
    ],
)
async def test_a_page_answers_every_address_that_a_browser_opens(
    folder: Path, path: str, headers: dict[str, str], shown: str
) -> None:
    answer = await ask(opened(folder), path, headers)
    assert answer.text == (FILES[f"/{shown}.html"] if shown != "no route" else shown)
    if shown != "no route":
        assert answer.headers["cache-control"] == "no-cache"
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"


@pytest.mark.parametrize(
    "path",
    [
        *("/api", "/api/x", "/jmap/", "/jmap/x", "/internal/mail/provision", "/.well-known/jmap", "/metrics"),
        *("/health/live", "/.ory/kratos/public/x", "/connection/websocket", "/mail/config-v1.1.xml"),
    ],
)
async def test_no_page_answers_where_programs_ask(folder: Path, path: str) -> None:
    assert (await ask(opened(folder), path, BROWSER)).text == "no route"


async def test_no_page_answers_at_an_address_that_is_not_utf_8(folder: Path) -> None:
    assert (await ask(opened(folder), "/mail/inbox/%ff", BROWSER)).text == "no route"


async def test_files_with_a_hash_in_their_name_are_kept_for_a_year(folder: Path) -> None:
    interface = opened(folder)
    for path in (ENTRY, STYLE, FRAME_PATH):
        answer = await ask(interface, path)
        assert answer.text == FILES[path]
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    answer = await ask(interface, "/_app/version.json")
    assert answer.headers["cache-control"] == "no-cache"


async def test_an_unknown_file_of_the_app_is_a_problem_that_nobody_keeps(folder: Path) -> None:
    """An old tab would run a page as a script."""
    for path in ("/_app/immutable/entry/start.0ld.js", "/_app/x", f"{ENTRY}.br"):
        answer = await ask(opened(folder), path, BROWSER)
        assert (answer.status_code, answer.headers["cache-control"]) == (404, "no-store")
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("coding", ["br", "gzip"])
async def test_a_file_is_sent_as_the_build_has_compressed_it(folder: Path, coding: str) -> None:
    answer = await ask(opened(folder), ENTRY, {"Accept-Encoding": coding})
    assert (answer.text, answer.headers["content-encoding"]) == (f"{coding} of {ENTRY}", coding)
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_browser_that_has_the_file_gets_304(folder: Path) -> None:
    interface = opened(folder)
    etag = (await ask(interface, "/mail")).headers["etag"]
    for stated in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        answer = await ask(interface, "/mail", {"If-None-Match": stated})
        assert (answer.status_code, answer.text, answer.headers["etag"]) == (304, "", etag)
        assert answer.headers["cache-control"] == "no-cache"
    for stated in ("", '"other"', etag.strip('"')):
        assert (await ask(interface, "/mail", {"If-None-Match": stated})).status_code == 200


async def test_another_coding_or_another_policy_is_another_etag(folder: Path) -> None:
    """Else a page would be kept with the policy of an earlier configuration."""
    elsewhere = opened(folder, Place("https://mail.example.org"))
    answers = [
        await ask(opened(folder), "/"),
        await ask(opened(folder), "/", {"Accept-Encoding": "br"}),
        await ask(elsewhere, "/"),
    ]
    assert len({answer.headers["etag"] for answer in answers}) == 3


async def test_each_frame_has_its_own_policy(folder: Path) -> None:
    interface = opened(folder)
    policies = [
        (await ask(interface, path)).headers["content-security-policy"] for path in (FRAME_PATH, REMOTE_FRAME_PATH)
    ]
    assert ["https:" in policy for policy in policies] == [False, True]
    assert all("sandbox allow-scripts" in policy for policy in policies)


async def test_policy_of_a_page_names_our_frames_and_the_server_of_live_events(folder: Path) -> None:
    place = Place("https://mail.example.org", ["wss://live.example.org"])
    policy = (await ask(opened(folder, place), "/mail")).headers["content-security-policy"]
    assert "frame-src https://mail.example.org/_app/immutable/assets/;" in policy
    assert "connect-src 'self' wss://live.example.org;" in policy
    assert "frame-src h/_app/immutable/assets/;" in (await ask(opened(folder), "/")).headers["content-security-policy"]


async def test_worker_is_asked_for_each_time_and_asks_only_our_origin(folder: Path) -> None:
    (folder / "service-worker.js").write_text("keep()")
    answer = await ask(opened(folder), "/service-worker.js")
    assert (answer.text, answer.headers["cache-control"]) == ("keep()", "no-cache")
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; connect-src 'self'")


async def test_switched_off_the_worker_is_one_that_deletes_what_was_kept(folder: Path, tmp_path: Path) -> None:
    (folder / "service-worker.js").write_text("keep()")
    for place in (folder, tmp_path / "unbuilt"):
        answer = await ask(opened(place, Place(keeps=False)), "/service-worker.js")
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")
        assert "caches.delete(name)" in answer.text
        assert "registration.unregister()" in answer.text


@pytest.mark.parametrize("language", ["en", "de"])
async def test_manifest_is_one_that_browsers_take(folder: Path, language: str) -> None:
    (folder / f"{language}.webmanifest").write_text("{}")
    answer = await ask(opened(folder), f"/{language}.webmanifest")
    assert answer.headers["content-type"] == "application/manifest+json"


async def test_only_get_and_head_are_answered(folder: Path) -> None:
    interface = opened(folder)
    for path in ("/", "/mail/inbox", ENTRY):
        answer = await ask(interface, path, method="POST")
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
        head, whole = await ask(interface, path, method="HEAD"), await ask(interface, path)
        assert (head.status_code, head.headers["content-length"]) == (200, whole.headers["content-length"])
    assert (await ask(interface, "/api/x", method="POST")).text == "no route"


# Before it is built


async def test_without_a_build_pages_say_how_to_build_it(tmp_path: Path) -> None:
    interface = opened(tmp_path / "build")
    for path in ("/", "/mail/inbox", "/sign-in"):
        answer = await ask(interface, path, BROWSER)
        assert (answer.status_code, answer.headers["cache-control"]) == (503, "no-store")
        assert "make web" in answer.text
        assert answer.headers["refresh"] == "2"
    assert (await ask(interface, "/api/x", BROWSER)).text == "no route"
    assert (await ask(interface, ENTRY)).status_code == 404


async def test_while_it_is_built_the_page_refreshes_itself_until_the_build_is_there(tmp_path: Path) -> None:
    seconds = [0.0]
    interface = opened(tmp_path / "build", seconds=seconds)
    write_build(tmp_path / "build.new")
    answer = await ask(interface, "/", BROWSER)
    assert (answer.status_code, answer.headers["refresh"]) == (503, "2")
    assert "being built" in answer.text
    (tmp_path / "build.new").rename(tmp_path / "build")
    seconds[0] = POLL_SECONDS - 0.1
    assert (await ask(interface, "/")).status_code == 503  # not looked for more often than once a second
    seconds[0] = POLL_SECONDS
    assert (await ask(interface, "/")).text == FILES["/index.html"]


async def test_a_build_that_was_read_once_is_served_from_memory(folder: Path) -> None:
    interface = opened(folder)
    rmtree(folder)
    assert (await ask(interface, "/")).text == FILES["/index.html"]
    assert (await ask(interface, ENTRY)).text == FILES[ENTRY]


async def test_a_build_that_cannot_be_read_does_not_stop_the_service(folder: Path) -> None:
    (folder / "index.html").unlink()
    (folder / "index.html").symlink_to("index.html")  # a loop, which also root cannot read
    assert (await ask(opened(folder), "/")).status_code == 503


# Whom the mail page names: the person whose session asked for it, or nobody


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


async def asked_by(folder: Path, people: Answers, path: str = "/mail", **headers: str) -> httpx2.Response:
    app = Interface(Place(), PlainTextResponse("no route", 404), people=people, folder=folder)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://h", trust_env=False) as http:
        return await http.get(path, headers={**OF_ANN, "Accept-Encoding": "identity", **headers})


def name_of(person: UUID) -> str:
    return f'<meta name="postroom-person" content="{person}" />'


async def test_mail_page_names_the_person_of_the_session_and_is_kept_by_nobody(folder: Path) -> None:
    for path in ("/mail", "/mail/sent", "/mail/inbox/T1"):
        answer = await asked_by(folder, Answers(ANN), path)
        assert name_of(ANN) in answer.text
        assert answer.text.replace(f"\n    {name_of(ANN)}", "") == FILES["/mail.html"]
        assert answer.headers["cache-control"] == "no-store"
        assert "script-src 'self' 'sha256-" in answer.headers["content-security-policy"]


async def test_page_of_one_person_is_not_the_page_of_another(folder: Path) -> None:
    etag = (await asked_by(folder, Answers(ANN))).headers["etag"]
    answer = await asked_by(folder, Answers(BEN), **{"If-None-Match": etag})
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
    answer = await asked_by(folder, Answers(error))
    assert (answer.status_code, answer.text) == (200, FILES["/mail.html"])
    assert answer.headers["cache-control"] == "no-cache"


async def test_page_does_not_wait_for_a_slow_kratos(folder: Path) -> None:
    async with asyncio.timeout(10):
        assert (await asked_by(folder, Answers(ANN, seconds=60))).text == FILES["/mail.html"]


async def test_access_token_and_request_without_a_cookie_name_nobody(folder: Path) -> None:
    token = Visitor(Person(ANN, frozenset({Scope.READ}), token_id=uuid4()))
    assert (await asked_by(folder, Answers(token))).text == FILES["/mail.html"]
    people = Answers(ANN)
    assert (await asked_by(folder, people, Cookie="")).text == FILES["/mail.html"]
    assert people.asked == 0


async def test_other_pages_name_nobody(folder: Path) -> None:
    people = Answers(ANN)
    for path in ("/", "/sign-in", "/settings"):
        assert "postroom-person" not in (await asked_by(folder, people, path)).text
    assert people.asked == 0
