"""Pages of identities from a scripted Kratos: one unreadable identity hides no other."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.domain.identity import UnreadableIdentity
from postroom.errors import KratosUnavailable, PageTokenRefused
from postroom.kratos import identities as module
from postroom.kratos.identities import PAGE_BYTES, KratosIdentities
from postroom.kratos.identity_list import identities_of, next_token
from postroom.provisioning.ports import IdentityPage

ADA = UUID("0a5293f1-f4d6-49f4-b34f-6da62c360604")
BOB = UUID("3a5293f1-f4d6-49f4-b34f-6da62c360604")
EVE = UUID("9a5293f1-f4d6-49f4-b34f-6da62c360604")
FIRST = '</admin/identities?page_size=500&page_token=00000000-0000-0000-0000-000000000000>; rel="first"'


def identity(identity_id: object = ADA, **changes: Any) -> dict[str, Any]:
    usual = {"id": str(identity_id), "state": "active", "traits": {"email": "ada@example.org"}}
    return usual | changes


def link_to(token: object) -> str:
    return f'{FIRST},</admin/identities?page_size=500&page_token={token}>; rel="next"'


def listed(body: object, link: str = FIRST) -> httpx2.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return httpx2.Response(200, headers={"Link": link} if link else {}, content=content)


@dataclass
class ScriptedKratos:
    """Responds to a request for a page with `give`, which receives its page size and token, and to /health/ready with
    `ready`."""

    give: Callable[[int, str | None], httpx2.Response] = field(default=lambda _size, _token: listed([identity()]))
    ready: httpx2.Response = field(default_factory=lambda: httpx2.Response(200))
    asked: list[tuple[int, str | None]] = field(default_factory=list)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/admin/health/ready":
            return self.ready
        size, token = int(request.url.params["page_size"]), request.url.params.get("page_token")
        self.asked.append((size, token))
        return self.give(size, token)

    def says(self, answer: httpx2.Response) -> None:
        self.give = lambda _size, _token: answer


@pytest.fixture
def kratos() -> ScriptedKratos:
    return ScriptedKratos()


@pytest.fixture
async def identities(kratos: ScriptedKratos) -> AsyncIterator[KratosIdentities]:
    identities = KratosIdentities("http://kratos/", transport=httpx2.MockTransport(kratos))
    yield identities
    await identities.aclose()


DEEP = "[" * 100_000 + "]" * 100_000
BAD: dict[str, bytes] = {
    "nested too deeply": b'{"id":"%s","traits":{"email":"eve@example.org","deep":%s}}'
    % (str(EVE).encode(), DEEP.encode()),
    "deep and full of brackets in texts": rb'{"id":"%s","traits":{"a":"]}\"]}","deep":%s}}'
    % (str(EVE).encode(), DEEP.encode()),
    "a number of 5,000 digits": b'{"id":"%s","metadata_admin":%s}' % (str(EVE).encode(), b"9" * 5000),
    "a control character": b'{"id":"%s","traits":{"email":"e\x01ve@example.org"}}' % str(EVE).encode(),
}
WITHOUT_ID: dict[str, bytes] = {
    "no id": b'{"traits":{"email":"eve@example.org"}}',
    "an id that is no UUID": b'{"id":"eve"}',
    "an id that is a number": b'{"id":7}',
    "an id of half a surrogate pair": rb'{"id":"\ud800"}',
    "the nil UUID": b'{"id":"00000000-0000-0000-0000-000000000000"}',
    "null": b"null",
    "a text": b'"eve"',
    "a list": b'["id"]',
    "a number": b"7",
}


@pytest.mark.parametrize("bad", [*BAD.values(), *WITHOUT_ID.values()], ids=[*BAD, *WITHOUT_ID])
async def test_unreadable_identity_is_set_aside_and_the_rest_of_the_page_is_read(
    identities: KratosIdentities, kratos: ScriptedKratos, bad: bytes
) -> None:
    ada, bob = (json.dumps(identity(each)).encode() for each in (ADA, BOB))
    kratos.says(listed(b"[" + b" ,\n".join([ada, bad, bob]) + b"]\n", link_to(EVE)))
    page = await identities.page(None)
    assert [each.id for each in page.identities] == [ADA, BOB]
    (unreadable,) = page.unreadable
    assert unreadable.id == (EVE if bad in BAD.values() else None)
    assert unreadable.why
    assert page.next_token == str(EVE)


@pytest.mark.parametrize("traits", [None, [], ["ada@example.org"], "ada@example.org", 7])
async def test_traits_that_are_not_an_object_count_as_empty(
    identities: KratosIdentities, kratos: ScriptedKratos, traits: object
) -> None:
    kratos.says(listed([identity(traits=traits)]))
    (found,) = (await identities.page(None)).identities
    assert found.traits == {}


async def test_invalid_utf_8_is_replaced_only_in_its_own_text(
    identities: KratosIdentities, kratos: ScriptedKratos
) -> None:
    body = json.dumps([identity(ADA), identity(BOB)]).encode().replace(b"ada@", b"\xff@", 1)
    kratos.says(listed(body))
    page = await identities.page(None)
    assert [each.traits["email"] for each in page.identities] == ["\ufffd@example.org", "ada@example.org"]


NO_LISTS = (
    b"",
    b"<html>logged out</html>",
    b"null",
    b"7",
    b'{"error": {"code": 500}}',
    b"[",
    b"[,]",
    b'[{"id": "x"}',
    b'[{"id": "x"},',
    b'[{"id": "x"}]]',
    b'[{"id": "x"} {"id": "y"}]',
    b'[{"id": "x',
    b"[nonsense]",
    b"[" * 100_000,
)
WITHOUT_STORABLE_TOKEN = (
    "",
    "/admin/identities",
    "/x?page_token=",
    "/x?page_token=a&page_token=b",
    "/x?page_token=a%00b",
    "/x?page_token=%C3%A9",
    "/x?page_token=" + "a" * 2001,
    "http://[/x?page_token=a",
)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        *((listed(body), "list of identities cannot be read") for body in NO_LISTS),
        *((listed([identity()], f'<{target}>; rel="next"'), "next page") for target in WITHOUT_STORABLE_TOKEN),
    ],
    ids=[*(repr(body[:20]) for body in NO_LISTS), *(target[:30] for target in WITHOUT_STORABLE_TOKEN)],
)
async def test_answer_without_a_list_or_with_an_unusable_next_link_is_an_error_and_not_the_last_page(
    identities: KratosIdentities, kratos: ScriptedKratos, answer: httpx2.Response, words: str
) -> None:
    kratos.says(answer)
    with pytest.raises(KratosUnavailable, match=words):
        await identities.page(None)


async def test_empty_identity_page_is_valid(identities: KratosIdentities, kratos: ScriptedKratos) -> None:
    kratos.says(listed(b" [ ] "))
    assert await identities.page(None) == IdentityPage([], None, [])
    kratos.says(listed([], link_to(BOB)))
    assert await identities.page(None) == IdentityPage([], str(BOB), [])


@pytest.mark.parametrize("status", [204, 301, 302, 307, 401, 403, 404, 429, 500, 502, 503])
async def test_only_a_200_of_a_healthy_kratos_is_a_page(
    identities: KratosIdentities, kratos: ScriptedKratos, status: int
) -> None:
    elsewhere = httpx2.Response(status, headers={"Location": "http://elsewhere/"}, json=[identity()])
    kratos.says(elsewhere)
    with pytest.raises(KratosUnavailable, match=str(status)):
        await identities.page(None)
    kratos.says(listed([identity()]))
    kratos.ready = elsewhere
    with pytest.raises(KratosUnavailable, match=str(status)):
        await identities.page(None)


@pytest.mark.parametrize(("stated", "seconds"), [("120", 120.0), ("Fri, 27 Nov 2026 00:00:00 GMT", None), ("-1", None)])
async def test_the_retry_after_of_kratos_is_reported(
    identities: KratosIdentities, kratos: ScriptedKratos, stated: str, seconds: float | None
) -> None:
    kratos.says(httpx2.Response(429, headers={"Retry-After": stated}))
    with pytest.raises(KratosUnavailable) as caught:
        await identities.page(str(BOB))
    assert caught.value.retry_after == seconds
    assert not isinstance(caught.value, PageTokenRefused)


# Paging


@pytest.mark.parametrize("status", [400, 404, 410, 422])
async def test_a_refused_page_token_is_distinguished(
    identities: KratosIdentities, kratos: ScriptedKratos, status: int
) -> None:
    kratos.says(httpx2.Response(status))
    with pytest.raises(PageTokenRefused):
        await identities.page("old")
    with pytest.raises(KratosUnavailable, check=lambda error: not isinstance(error, PageTokenRefused)):
        await identities.page(None)


@pytest.mark.parametrize(("token", "following"), [(BOB, BOB), (BOB, ADA), ("opaque", "opaque")])
async def test_next_page_token_that_does_not_advance_is_rejected(
    identities: KratosIdentities, kratos: ScriptedKratos, token: object, following: object
) -> None:
    kratos.says(listed([identity()], link_to(following)))
    with pytest.raises(PageTokenRefused):
        await identities.page(str(token))


@pytest.mark.parametrize(
    ("link", "token"),
    [
        ("", None),
        (FIRST, None),
        (link_to(BOB), str(BOB)),
        ('</admin/identities?page_token=a,b;c>; rel="next"', "a,b;c"),
        ("</x?page_token=abc>; rel=next", "abc"),
        ('</x?page_token=abc>; title="a, b"; REL="prev NEXT"', "abc"),
        ('</x?page_token=first>; rel="first", </x?page_token=abc>;rel="next"', "abc"),
        ('</x?page_token=abc>; rel="nextish"', None),
        ("nonsense", None),
    ],
)
def test_next_page_token_comes_from_the_link_header(link: str, token: str | None) -> None:
    assert next_token(link) == token


async def test_full_identity_page_without_a_link_header_is_not_the_last_page(
    identities: KratosIdentities, kratos: ScriptedKratos
) -> None:
    full = [identity(uuid4()) for _ in range(500)]
    kratos.says(listed(full, ""))
    with pytest.raises(KratosUnavailable, match="Link"):
        await identities.page(None)
    kratos.says(listed(full))
    assert (await identities.page(None)).next_token is None
    kratos.says(listed(full[1:], ""))
    assert (await identities.page(None)).next_token is None


# Size and time


def _giant_among(count: int) -> Callable[[int, str | None], httpx2.Response]:
    """So many identities. The third is larger than a page may be."""
    people = [identity(UUID(int=number)) for number in range(1, count + 1)]
    people[2]["traits"] = {"email": "x" * PAGE_BYTES}

    def give(size: int, token: str | None) -> httpx2.Response:
        start = UUID(token).int if token else 0
        page = people[start : start + size]
        return listed(page, link_to(page[-1]["id"]) if start + size < count else FIRST)

    return give


async def test_oversized_page_is_split_until_only_the_oversized_identity_is_skipped(
    identities: KratosIdentities, kratos: ScriptedKratos
) -> None:
    kratos.give = _giant_among(60)
    found: list[int] = []
    giants: list[UnreadableIdentity] = []
    page = await identities.page(None)
    while True:
        found += [each.id.int for each in page.identities]
        giants += page.unreadable
        if page.next_token is None:
            break
        page = await identities.page(page.next_token)
    assert found == [1, 2, *range(4, 61)]
    assert [giant.id for giant in giants] == [None]
    assert str(UUID(int=2)) in giants[0].why
    sizes = [size for size, _ in kratos.asked]
    assert sizes[:4] == [500, 50, 5, 1]
    assert sizes[-1] > 1, "pages grow again"


async def test_slow_identity_page_times_out_and_the_next_one_is_smaller(
    monkeypatch: pytest.MonkeyPatch, kratos: ScriptedKratos
) -> None:
    monkeypatch.setattr(module, "TIMEOUT", 0.05)

    async def drip() -> AsyncIterator[bytes]:
        yield b"["
        while True:
            await asyncio.sleep(0.01)
            yield b" "

    kratos.give = lambda _size, _token: httpx2.Response(200, content=drip())
    identities = KratosIdentities("http://kratos/", transport=httpx2.MockTransport(kratos))
    with pytest.raises(KratosUnavailable, match=r"500 identities within 0\.05 s"):
        await identities.page(None)
    kratos.says(listed([identity()]))
    await identities.page(None)
    assert [size for size, _ in kratos.asked] == [500, 50]
    await identities.aclose()


async def test_unreadable_identity_counts_as_kratos_unavailable_not_as_inactive(
    identities: KratosIdentities, kratos: ScriptedKratos
) -> None:
    for body in [*BAD.values(), *WITHOUT_ID.values(), b'{"traits":"' + b"x" * PAGE_BYTES + b'"}']:
        answer = httpx2.Response(200, content=body)
        identities._http._transport = httpx2.MockTransport(lambda _, answer=answer: answer)
        with pytest.raises(KratosUnavailable):
            await identities.is_active(EVE)


async def test_active_identity_check_has_a_short_timeout(
    identities: KratosIdentities, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STATE_TIMEOUT", 0.01)

    async def never(_: httpx2.Request) -> httpx2.Response:
        return await asyncio.Future[httpx2.Response]()

    identities._http._transport = httpx2.MockTransport(never)
    with pytest.raises(KratosUnavailable, match=r"within 0\.01 s"):
        await identities.is_active(EVE)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters()), inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(JSON | st.fixed_dictionaries({"id": st.uuids().map(str)}, optional={"traits": JSON, "state": JSON})))
def test_every_element_of_a_list_is_an_identity_or_unreadable(content: list[object]) -> None:
    readable, unreadable = identities_of(json.dumps(content).encode())
    assert len(readable) + len(unreadable) == len(content)


@given(st.binary() | st.text('[]{}",:\\ 0"a').map(str.encode))
def test_arbitrary_identity_page_bytes_raise_at_most_a_value_error(content: bytes) -> None:
    with suppress(ValueError):
        identities_of(content)
