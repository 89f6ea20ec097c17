"""The port `People`: identifies the person by the request's credential, and checks which site sent the request."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit
from uuid import UUID

from postroom.domain.person import Person, Scope
from postroom.errors import CrossSite, NoSession, Refused
from postroom.people.access_tokens import PREFIX, hash_of
from postroom.people.active_identities import ActiveIdentities
from postroom.people.basic_credentials import OwnAddresses, address_and_token
from postroom.people.ports import AccessTokens, Sessions, Visitor

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""RFC 9110 §9.2.1, without TRACE, which is not served."""

MAX_CREDENTIAL = 4096
"""Characters; a cookie of Kratos has some 300."""

# RFC 6265 §4.1.1 cookie-octet. Kratos never quotes the value, and parsers differ in the meaning of quotes.
_COOKIE_VALUE = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+")
# RFC 9110 §11.2 token68.
_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")

_BROWSER_HEADERS = frozenset({"cookie", "origin", "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest"})

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Credential:
    """Kratos' session cookie, which a browser sends automatically, its session token of a native program, or an access
    token of Postroom. `address`: the user name in HTTP Basic."""

    kind: Literal["cookie", "token", "access token"]
    value: str
    address: str | None = None


class PeopleByCredential:
    """`identities` checks that an access token's identity is active; without it a token works until it expires.
    `public_url` is Postroom's URL for browsers; without it the request's own `Host` is trusted. `origins`: other
    origins whose pages may use people's tokens."""

    def __init__(
        self,
        sessions: Sessions,
        tokens: AccessTokens,
        identities: ActiveIdentities | None = None,
        *,
        addresses: OwnAddresses,
        cookie_name: str,
        public_url: str | None,
        origins: Collection[str] = (),
    ) -> None:
        self._sessions = sessions
        self._tokens = tokens
        self._addresses = addresses
        self._identities = identities
        self._cookie_name = cookie_name
        self.public_url = public_url
        self._origins = origins

    async def identify(self, method: str, headers: Mapping[str, str], *, refresh: bool = False) -> Visitor:
        """See `People`. An access token outlasts the session in which it was made."""
        try:
            return await self._identify(method, headers, refresh=refresh)
        except NoSession as error:
            # A new exception: several requests may wait for the same response of Kratos.
            raise NoSession(str(error), offers_basic=_is_program(headers)) from error

    async def _identify(self, method: str, headers: Mapping[str, str], *, refresh: bool) -> Visitor:
        credential = credential_of(headers, self._cookie_name)
        match credential.kind:
            case "cookie":
                require_same_origin(method, headers, self.public_url)
                return await self._sessions.whoami(cookie=credential.value, refresh=refresh)
            case "token":
                return await self._sessions.whoami(token=credential.value, refresh=refresh)
            case "access token":
                if credential.address is not None and headers.get("origin") not in self._origins:
                    require_not_foreign(headers, self.public_url)
                return await self._by_access_token(credential)

    def forget(self, headers: Mapping[str, str]) -> None:
        """The sender of this request logs out: drop the session from the cache."""
        credential = credential_of(headers, self._cookie_name)
        match credential.kind:
            case "cookie":
                self._sessions.forget(cookie=credential.value)
            case "token":
                self._sessions.forget(token=credential.value)
            case "access token":
                pass

    def forget_person(self, identity_id: UUID) -> None:
        """Sessions of this person have ended elsewhere: drop all of theirs from the cache."""
        self._sessions.forget_person(identity_id)

    async def _by_access_token(self, credential: Credential) -> Visitor:
        token_hash, address = hash_of(credential.value), credential.address
        if token_hash is None:
            raise NoSession("the access token is malformed: a part of it is missing or changed")
        token = await self._tokens.find(token_hash)
        if token is None or not (address is None or await self._addresses.matches(address, token.identity_id)):
            mismatch = "" if address is None else ", or not of this address"
            raise NoSession(f"the access token is unknown, revoked or expired{mismatch}")
        if self._identities:
            await self._identities.require(token.identity_id)
        return Visitor(Person(token.identity_id, token.scopes, token.expires_at, token.id))


def joined_headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by lower-case name; repeated ones are joined as in RFC 9110 §5.3 (cookies: RFC 9113 §8.2.3).

    If we took the first or the last of two, a proxy might take the other one.
    """
    joined: dict[str, str] = {}
    for raw_name, raw_value in raw:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if name in joined:
            value = f"{joined[name]}{'; ' if name == 'cookie' else ', '}{value}"
        joined[name] = value
    return joined


def credential_of(headers: Mapping[str, str], cookie_name: str) -> Credential:
    """The first one present decides, as in Kratos: `X-Session-Token`, the cookie, the bearer token.

    Raises `NoSession` if there is none, or if it is malformed: only well-formed credentials are passed on.
    """
    if token := headers.get("x-session-token"):
        return Credential("token", _well_formed(token, _TOKEN, "X-Session-Token"))
    if cookie := _cookie(headers.get("cookie", ""), cookie_name):
        return Credential("cookie", _well_formed(cookie, _COOKIE_VALUE, f"the cookie {cookie_name}"))
    scheme, _, token = headers.get("authorization", "").partition(" ")
    scheme = scheme.lower()
    if scheme not in ("bearer", "basic") or not token:
        raise NoSession("log in, or send an access token as Authorization: Bearer …, or as Basic with your address")
    token = _well_formed(token, _TOKEN, "Authorization")
    if scheme == "basic":
        address, token = address_and_token(token)
        return Credential("access token", token, address)
    return Credential("access token" if token.startswith(PREFIX) else "token", token)


def _well_formed(value: str, pattern: re.Pattern[str], where: str) -> str:
    if len(value) > MAX_CREDENTIAL or not pattern.fullmatch(value):
        raise NoSession(f"{where} does not hold a valid credential")
    return value


def _cookie(header: str, name: str) -> str | None:
    """The value of one cookie; the others are not checked.

    Two cookies of this name with different values are refused: a neighbouring host can plant a second one for the
    parent domain, and the person would read and write in the attacker's mailbox.
    """
    pairs = [pair.strip(" \t").partition("=") for pair in header.split(";")]
    values = {value for found, _, value in pairs if found == name}
    if len(values) > 1:
        raise NoSession(f"the browser sent two different cookies {name}; delete this site's cookies and log in again")
    return values.pop() if values else None


def _is_program(headers: Mapping[str, str]) -> bool:
    """Whether no browser sent the request, so that HTTP Basic may be offered. A browser would open its own login
    dialog, also over a page with a login or for a person who opens /jmap/session in a tab, and would send the name and
    password with every later request of any page. Any cookie marks a browser: Kratos sets one even without a login."""
    return _BROWSER_HEADERS.isdisjoint(headers)


def require_same_origin(method: str, headers: Mapping[str, str], public_url: str | None) -> None:
    """Raises `CrossSite` unless a request with the browser's cookie comes from our own pages.

    A request that changes something must state its origin, for which only `Sec-Fetch-Site` and `Origin` count: scripts
    cannot set them. A request that reads may have neither (old browsers send no `Origin` with a GET), but what it
    states must be ours. The exception is a link on another site that opens one of our pages in a tab. No others: an
    image, a frame or an EventSource on another site cannot read the response, but it can measure the time and size of
    it, and occupies our connections.
    """
    safe = method in SAFE_METHODS
    if safe and _opens_a_tab(headers):
        return
    require_not_foreign(headers, public_url)
    if not safe and "sec-fetch-site" not in headers and "origin" not in headers:
        raise CrossSite("with a cookie, send Origin or Sec-Fetch-Site; programs use a token instead")


_LISTED_MAY = "pages of POSTROOM_CORS_ORIGINS may send access tokens, never a cookie"


def require_not_foreign(headers: Mapping[str, str], public_url: str | None) -> None:
    """Raises `CrossSite` for a request whose headers show that it comes from another site.

    A browser that once got a name and a password sends them automatically, like a cookie.
    """
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None and site not in ("same-origin", "none"):
        raise CrossSite(f"a page of another site sent this request, so its login is not accepted; {_LISTED_MAY}")
    if origin is not None and not _is_ours(origin, headers, public_url):
        raise CrossSite(
            "the Origin of this request is not Postroom's own; behind a proxy, set POSTROOM_PUBLIC_URL "
            f"to the address that the browser shows; {_LISTED_MAY}"
        )


def _opens_a_tab(headers: Mapping[str, str]) -> bool:
    return headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"


def _is_ours(origin: str, headers: Mapping[str, str], public_url: str | None) -> bool:
    if public_url is not None:
        ours = _origin(public_url)
        return ours is not None and ours == _origin(origin)
    # Behind a proxy that terminates TLS the scheme is unknown; host and port must be enough.
    theirs = _origin(origin)
    return theirs is not None and theirs == _origin(f"{theirs[0]}://{headers.get('host', '')}")


def _origin(url: str) -> tuple[str, str, int] | None:
    """RFC 6454 §4: scheme, host and port; None if it has none, like the origin `null`."""
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    if not parts.hostname or port is None or parts.username is not None:
        return None
    return parts.scheme, parts.hostname, port


def require_session(person: Person) -> None:
    """Raises `Refused` for an access token."""
    if person.token_id is not None:
        raise Refused("session_required", "log in for this; an access token is not enough")


def require_scope(person: Person, scope: Scope) -> None:
    """Raises `Refused` for an access token that was made without `scope`."""
    if scope not in person.scopes:
        raise Refused("scope_missing", f"the access token was made without the scope {scope}")
