"""Which credential of a request counts, and from which pages a cookie is accepted."""

from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from fakes import request_of, uncalled
from postroom.domain.person import ALL_SCOPES, Person, Scope
from postroom.domain.request import Request
from postroom.errors import CrossSite, NoSession, PostroomError, Refused
from postroom.people.access_tokens import RANDOM_BYTES, hash_of, token_text
from postroom.people.active_identities import ActiveIdentities
from postroom.people.basic_credentials import OwnAddresses
from postroom.people.people import (
    MAX_CREDENTIAL,
    Credential,
    PeopleByCredential,
    credential_of,
    joined_headers,
    require_same_origin,
    require_scope,
    require_session,
)
from postroom.people.ports import AccessToken, Visitor

COOKIE = "ory_kratos_session"
OURS = "https://mail.example.org"
LISTED = "https://webmail.example.net"
ACCESS_TOKEN = token_text(bytes(RANDOM_BYTES))
BASIC = b64encode(f"alice@example.org:{ACCESS_TOKEN}".encode()).decode()
NOT_UTF_8 = b"\xff:" + ACCESS_TOKEN.encode()
EXPIRY = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"x-session-token": "ory_st_abc"}, Credential("token", "ory_st_abc")),
        ({"cookie": f"{COOKIE}=MTY="}, Credential("cookie", "MTY=")),
        ({"cookie": f"theme=dark; {COOKIE}=MTY=; a=b"}, Credential("cookie", "MTY=")),
        ({"cookie": f"theme=dark;{COOKIE}=MTY=;;=; ;x"}, Credential("cookie", "MTY=")),
        ({"cookie": f'bad="a b"; {COOKIE}=MTY='}, Credential("cookie", "MTY=")),
        ({"authorization": "Bearer ory_st_abc"}, Credential("token", "ory_st_abc")),
        ({"authorization": "bEARER ory_st_abc"}, Credential("token", "ory_st_abc")),
        ({"authorization": f"Bearer {ACCESS_TOKEN}"}, Credential("access token", ACCESS_TOKEN)),
        ({"authorization": f"basic {BASIC}"}, Credential("access token", ACCESS_TOKEN, "alice@example.org")),
        # An access token is never sent to Kratos, even if it is misspelt.
        ({"authorization": "Bearer postroom_x"}, Credential("access token", "postroom_x")),
        # The first credential counts, as in Kratos.
        (
            {"x-session-token": "a", "cookie": f"{COOKIE}=b", "authorization": "Bearer c"},
            Credential("token", "a"),
        ),
        ({"cookie": f"{COOKIE}=b", "authorization": "Bearer c"}, Credential("cookie", "b")),
        (
            {"x-session-token": "", "cookie": f"{COOKIE}=", "authorization": "Bearer c"},
            Credential("token", "c"),
        ),
        # A browser that stored the cookie for two paths sends it twice, with the same value.
        ({"cookie": f"{COOKIE}=b; {COOKIE}=b"}, Credential("cookie", "b")),
    ],
)
def test_single_credential_of_a_request_is_recognised(headers: dict[str, str], expected: Credential) -> None:
    assert credential_of(headers, COOKIE) == expected


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"cookie": ""},
        {"cookie": "theme=dark"},
        {"cookie": COOKIE},
        {"cookie": f"{COOKIE.upper()}=b"},
        {"cookie": f"x{COOKIE}=b"},
        {"cookie": f"{COOKIE}=b; {COOKIE}=planted"},
        {"cookie": f"{COOKIE}=; {COOKIE}=planted"},
        {"cookie": f'{COOKIE}="b"'},
        {"cookie": f'{COOKIE}="b; other=c"'},
        {"cookie": f"{COOKIE}=b c"},
        {"cookie": f"{COOKIE}=b,c"},
        {"cookie": f"{COOKIE}=b\\c"},
        {"cookie": f"{COOKIE}=b\r\nX-Session-Token: c"},
        {"cookie": f"{COOKIE}=b\x00"},
        {"cookie": f"{COOKIE}=bé"},
        {"cookie": f"{COOKIE}={'b' * (MAX_CREDENTIAL + 1)}"},
        {"x-session-token": "a b"},
        {"x-session-token": "a, b"},
        {"x-session-token": "a\nb"},
        {"x-session-token": "a" * (MAX_CREDENTIAL + 1)},
        {"authorization": "Bearer"},
        {"authorization": "Bearer "},
        {"authorization": "Bearer  two-spaces"},
        {"authorization": "Bearer a, Bearer b"},
        {"authorization": "Basic YTpi"},
        {"authorization": f"Basic {b64encode(ACCESS_TOKEN.encode()).decode()}"},
        {"authorization": f"Basic {b64encode(NOT_UTF_8).decode()}"},
        {"authorization": f"Basic {BASIC}!"},
        {"authorization": f"Basic {BASIC}, Basic {BASIC}"},
        {"authorization": f"Basic {'A' * (MAX_CREDENTIAL + 4)}"},
        {"authorization": ACCESS_TOKEN},
        {"x-session-token": "a;b", "cookie": f"{COOKIE}=right"},
    ],
    ids=str,
)
def test_malformed_credential_is_no_session_and_is_not_forwarded(headers: dict[str, str]) -> None:
    with pytest.raises(NoSession):
        credential_of(headers, COOKIE)


def test_headers_sent_twice_are_joined() -> None:
    raw = [(b"Cookie", b"a=1"), (b"ORIGIN", b"https://a"), (b"cookie", b"b=\xe9"), (b"Origin", b"https://b")]
    assert joined_headers(raw) == {"cookie": "a=1; b=é", "origin": "https://a, https://b"}


def test_request_without_origin_information_may_only_read() -> None:
    """The allowed methods are in the table of attacks (tests/integration/gateway/test_attacks.py)."""
    methods = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "get", "")
    assert [method for method in methods if allowed(method, {"host": "h"})] == ["GET", "HEAD", "OPTIONS"]


def allowed(method: str, headers: dict[str, str], public_url: str | None = f"{OURS}/") -> bool:
    try:
        require_same_origin(method, headers, public_url)
    except CrossSite:
        return False
    return True


@pytest.mark.parametrize(
    ("host", "origin", "expected"),
    [
        ("127.0.0.1:3001", "http://127.0.0.1:3001", True),
        ("mail.example.org", "https://mail.example.org", True),
        ("mail.example.org", "http://mail.example.org", True),
        ("MAIL.example.org:443", "https://mail.example.org", True),
        ("127.0.0.1:3001", "http://127.0.0.1:4433", False),
        ("127.0.0.1:3001", "http://localhost:3001", False),
        ("", "http://localhost:3001", False),
        ("mail.example.org", "https://evil.example", False),
        ("someone@evil.example", "https://evil.example", False),
        ("mail.example.org, evil.example", "https://evil.example", False),
        ("mail.example.org", "null", False),
        ("mail.example.org", "app://mail.example.org", False),  # the scheme of an app, which has no port
    ],
)
def test_origin_is_compared_with_the_host_if_no_public_url_is_set(host: str, origin: str, expected: bool) -> None:
    assert allowed("POST", {"host": host, "origin": origin}, None) is expected


def test_invalid_public_url_allows_no_origin() -> None:
    for origin in ("null", "", "https://"):
        assert not allowed("POST", {"host": "mail.example.org", "origin": origin}, "https://")


@dataclass
class FakeSessions:
    asked: list[tuple[str | None, str | None]] = field(default_factory=list)
    asked_afresh: list[tuple[str | None, str | None]] = field(default_factory=list)
    forgotten: list[tuple[str | None, str | None]] = field(default_factory=list)
    visitor: Visitor = field(default_factory=lambda: Visitor(Person(uuid4()), ["a=b"]))
    error: NoSession | None = None

    async def whoami(self, *, cookie: str | None = None, token: str | None = None, refresh: bool = False) -> Visitor:
        (self.asked_afresh if refresh else self.asked).append((cookie, token))
        if self.error:
            raise self.error
        return self.visitor

    def forget(self, *, cookie: str | None = None, token: str | None = None) -> None:
        self.forgotten.append((cookie, token))

    def forget_person(self, identity_id: UUID) -> None:
        raise AssertionError(identity_id)


@dataclass
class FakeTokens:
    token: AccessToken

    async def find(self, token_hash: bytes) -> AccessToken | None:
        return self.token if token_hash == hash_of(ACCESS_TOKEN) else None

    add = of = revoke = uncalled


@pytest.fixture
def sessions() -> FakeSessions:
    return FakeSessions()


@pytest.fixture
def token() -> AccessToken:
    return AccessToken(uuid4(), uuid4(), "phone", frozenset({Scope.READ}), EXPIRY, EXPIRY)


@pytest.fixture
def addresses() -> OwnAddresses:
    async def read(identity_id: UUID) -> tuple[Request, None]:
        return request_of(identity_id, email="alice@xn--exmple-cua.org"), None

    return OwnAddresses(read)


@pytest.fixture
def people(sessions: FakeSessions, token: AccessToken, addresses: OwnAddresses) -> PeopleByCredential:
    return PeopleByCredential(
        sessions, FakeTokens(token), addresses=addresses, cookie_name=COOKIE, public_url=OURS, origins=[LISTED]
    )


async def test_cross_site_request_is_rejected_before_kratos_is_asked(
    people: PeopleByCredential, sessions: FakeSessions
) -> None:
    headers = {"cookie": f"{COOKIE}=b", "origin": "https://evil.example"}
    with pytest.raises(CrossSite):
        await people.identify("POST", headers)
    assert sessions.asked == []
    assert await people.identify("POST", {**headers, "origin": OURS}) == sessions.visitor
    assert sessions.asked == [("b", None)]


@pytest.mark.parametrize("foreign", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}])
async def test_a_page_of_another_origin_learns_how_it_may_use_tokens(
    people: PeopleByCredential, foreign: dict[str, str]
) -> None:
    with pytest.raises(CrossSite, match="pages of POSTROOM_CORS_ORIGINS may send access tokens, never a cookie"):
        await people.identify("GET", {"cookie": f"{COOKIE}=b", **foreign})


async def test_session_is_checked_without_the_cache_on_request(
    people: PeopleByCredential, sessions: FakeSessions
) -> None:
    await people.identify("POST", {"cookie": f"{COOKIE}=b", "origin": OURS}, refresh=True)
    await people.identify("POST", {"x-session-token": "a"}, refresh=True)
    assert (sessions.asked, sessions.asked_afresh) == ([], [("b", None), (None, "a")])
    with pytest.raises(CrossSite):
        await people.identify("POST", {"cookie": f"{COOKIE}=b", "origin": "https://evil.example"}, refresh=True)


async def test_tokens_are_accepted_from_any_origin(
    people: PeopleByCredential, sessions: FakeSessions, token: AccessToken
) -> None:
    foreign = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    await people.identify("POST", {**foreign, "x-session-token": "a"})
    await people.identify("POST", {**foreign, "authorization": "Bearer c"})
    assert sessions.asked == [(None, "a"), (None, "c")]
    visitor = await people.identify("POST", {**foreign, "authorization": f"Bearer {ACCESS_TOKEN}"})
    assert visitor == Visitor(Person(token.identity_id, token.scopes, EXPIRY, token.id))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (token_text(b"\x01" * RANDOM_BYTES), "unknown"),
        (ACCESS_TOKEN[:-1] + "!", "valid credential"),
        (ACCESS_TOKEN[:-1], "malformed"),
        ("postroom_", "malformed"),
    ],
)
async def test_unknown_access_token_is_no_session(people: PeopleByCredential, text: str, why: str) -> None:
    with pytest.raises(NoSession, match=why):
        await people.identify("GET", {"authorization": f"Bearer {text}"})


def basic(address: str, password: str = ACCESS_TOKEN) -> dict[str, str]:
    return {"authorization": f"Basic {b64encode(f'{address}:{password}'.encode()).decode()}"}


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("alice@xn--exmple-cua.org", True),
        ("alice@exämple.org", True),
        ("ALICE@EXÄMPLE.ORG.", True),
        ("alice@example.org", False),
        ("bob@exämple.org", False),
        ("alice", False),
        ("\N{KELVIN SIGN}alice@exämple.org", False),
        ("a" * 2000, False),
    ],
)
async def test_basic_auth_user_name_must_be_the_address_of_the_token_owner(
    people: PeopleByCredential, sessions: FakeSessions, token: AccessToken, address: str, expected: bool
) -> None:
    if expected:
        assert (await people.identify("POST", basic(address))).person.token_id == token.id
        return
    unknown = {name: basic(name, token_text(b"\x01" * RANDOM_BYTES)) for name in (address, "alice@exämple.org")}
    reported: set[str] = set()
    for headers in (basic(address), *unknown.values()):
        with pytest.raises(NoSession) as refused:
            await people.identify("GET", headers)
        reported.add(str(refused.value))
    assert len(reported) == 1, "the response does not reveal which of the two was wrong"
    assert sessions.asked == []


async def test_basic_auth_password_that_is_no_access_token_is_never_sent_to_kratos(
    people: PeopleByCredential, sessions: FakeSessions
) -> None:
    for password in ("password of Kratos", "ory_st_abc", ""):
        with pytest.raises(NoSession, match="access token"):
            await people.identify("GET", basic("alice@exämple.org", password))
    assert sessions.asked == []


@pytest.mark.parametrize(
    ("says", "expected"),
    [
        ({}, True),
        ({"origin": OURS, "sec-fetch-site": "same-origin"}, True),
        ({"origin": LISTED, "sec-fetch-site": "cross-site"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"origin": "https://evil.example"}, False),
        ({"origin": f"{LISTED}.evil.example"}, False),
        ({"origin": "null"}, False),
        ({"origin": f"{LISTED}, https://evil.example"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}, False),
    ],
)
async def test_basic_credentials_are_rejected_from_foreign_origins(
    people: PeopleByCredential, says: dict[str, str], expected: bool
) -> None:
    """A browser stores a password given for HTTP Basic, and sends it with every request, whichever page caused it."""
    error: PostroomError | None = None
    try:
        await people.identify("GET", {**says, **basic("alice@exämple.org")})
    except CrossSite as refused:
        error = refused
    assert (error is None) is expected


@pytest.mark.parametrize(
    ("says", "expected"),
    [
        ({"user-agent": "curl/8", "accept": "*/*"}, True),
        ({"authorization": "Bearer unknown"}, True),
        ({"cookie": f"{COOKIE}=old"}, False),
        ({"cookie": "csrf_token_ab12=x"}, False),
        ({"sec-fetch-site": "same-origin"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-mode": "navigate"}, False),
        ({"origin": LISTED}, False),
    ],
)
async def test_http_basic_is_not_offered_to_a_browser_which_would_open_its_own_dialog(
    people: PeopleByCredential, sessions: FakeSessions, says: dict[str, str], expected: bool
) -> None:
    sessions.error = NoSession("nobody is logged in")
    with pytest.raises(NoSession) as refused:
        await people.identify("GET", says)
    assert refused.value.offers_basic is expected


class NobodyIsActive:
    """The port `IdentityStates`: no identity is active."""

    def __init__(self) -> None:
        self.asked: list[UUID] = []

    async def is_active(self, identity_id: UUID) -> bool:
        self.asked.append(identity_id)
        return False


async def test_access_token_of_an_inactive_identity_is_rejected_and_a_session_is_left_to_kratos(
    sessions: FakeSessions, token: AccessToken, addresses: OwnAddresses
) -> None:
    identities = ActiveIdentities(nobody := NobodyIsActive())
    people = PeopleByCredential(
        sessions, FakeTokens(token), identities, addresses=addresses, cookie_name=COOKIE, public_url=OURS
    )
    with pytest.raises(NoSession, match="inactive or deleted"):
        await people.identify("GET", {"authorization": f"Bearer {ACCESS_TOKEN}"})
    with pytest.raises(NoSession, match="unknown"):
        await people.identify("GET", {"authorization": f"Bearer {token_text(bytes([1]) * RANDOM_BYTES)}"})
    await people.identify("GET", {"x-session-token": "a"})
    assert nobody.asked == [token.identity_id]


def test_logout_forgets_the_credential_of_its_request(people: PeopleByCredential, sessions: FakeSessions) -> None:
    people.forget({"cookie": f"{COOKIE}=b"})
    people.forget({"x-session-token": "a"})
    people.forget({"authorization": f"Bearer {ACCESS_TOKEN}"})
    assert sessions.forgotten == [("b", None), (None, "a")]


def test_access_token_is_rejected_where_a_session_or_another_scope_is_required() -> None:
    reader = Person(uuid4(), frozenset({Scope.READ}), token_id=uuid4())
    require_session(Person(uuid4()))
    require_scope(reader, Scope.READ)
    for scope in ALL_SCOPES:
        require_scope(Person(uuid4()), scope)
    with pytest.raises(Refused, match="access token"):
        require_session(reader)
    with pytest.raises(Refused, match="send"):
        require_scope(reader, Scope.SEND)
