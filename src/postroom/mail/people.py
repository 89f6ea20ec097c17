"""The port `People`: the one credential of a request, and whether our own pages sent it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from postroom.domain.person import Person, Scope
from postroom.errors import CrossSite, NoSession, Refused
from postroom.mail.access_tokens import PREFIX, hash_of
from postroom.mail.active_identities import ActiveIdentities
from postroom.mail.ports import AccessTokens, Sessions, Visitor

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""RFC 9110 §9.2.1, less TRACE, which nobody serves."""

MAX_CREDENTIAL = 4096
"""Characters; a cookie of Kratos has some 300."""

# RFC 6265 §4.1.1 cookie-octet. A quoted value is none of Kratos', and what quotes mean differs between parsers.
_COOKIE_VALUE = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+")
# RFC 9110 §11.2 token68.
_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Credential:
    """Kratos' cookie, which a browser sends by itself, its token of a native program, or a token that Postroom made."""

    kind: Literal["cookie", "token", "access token"]
    value: str


class PeopleByCredential:
    """`identities` tells whether an access token's identity may still act; without it a token works until it expires.
    `public_url` is where browsers find Postroom; without it, the request's own `Host` is believed."""

    def __init__(
        self,
        sessions: Sessions,
        tokens: AccessTokens,
        identities: ActiveIdentities | None = None,
        *,
        cookie_name: str,
        public_url: str | None,
    ) -> None:
        self._sessions = sessions
        self._tokens = tokens
        self._identities = identities
        self._cookie_name = cookie_name
        self.public_url = public_url

    async def identify(self, method: str, headers: Mapping[str, str], *, afresh: bool = False) -> Visitor:
        """See `People`. An access token outlasts the session in which it was made."""
        credential = credential_of(headers, self._cookie_name)
        match credential.kind:
            case "cookie":
                require_same_origin(method, headers, self.public_url)
                return await self._sessions.whoami(cookie=credential.value, afresh=afresh)
            case "token":
                return await self._sessions.whoami(token=credential.value, afresh=afresh)
            case "access token":
                return await self._by_access_token(credential.value)

    def forget(self, headers: Mapping[str, str]) -> None:
        """The sender of this request logs out: his session is asked for anew the next time."""
        credential = credential_of(headers, self._cookie_name)
        match credential.kind:
            case "cookie":
                self._sessions.forget(cookie=credential.value)
            case "token":
                self._sessions.forget(token=credential.value)
            case "access token":
                pass

    async def _by_access_token(self, text: str) -> Visitor:
        token_hash = hash_of(text)
        if token_hash is None:
            raise NoSession("the access token is misspelt: a part of it is missing or changed")
        token = await self._tokens.find(token_hash)
        if token is None:
            raise NoSession("the access token is unknown, revoked or expired")
        if self._identities:
            await self._identities.require(token.identity_id)
        return Visitor(Person(token.identity_id, token.scopes, token.expires_at, token.id))


def joined_headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by lower-case name; what was sent twice is joined as RFC 9110 §5.3 says (cookies: RFC 9113 §8.2.3).

    Taking the first or the last of two would let a proxy and us believe different ones.
    """
    joined: dict[str, str] = {}
    for raw_name, raw_value in raw:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if name in joined:
            value = f"{joined[name]}{'; ' if name == 'cookie' else ', '}{value}"
        joined[name] = value
    return joined


def credential_of(headers: Mapping[str, str], cookie_name: str) -> Credential:
    """The first there is decides, as in Kratos: `X-Session-Token`, the cookie, the bearer token.

    Raises `NoSession` when there is none, or it cannot be one: only what is well formed is sent on.
    """
    if token := headers.get("x-session-token"):
        return Credential("token", _well_formed(token, _TOKEN, "X-Session-Token"))
    if cookie := _cookie(headers.get("cookie", ""), cookie_name):
        return Credential("cookie", _well_formed(cookie, _COOKIE_VALUE, f"the cookie {cookie_name}"))
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NoSession("log in, or send an access token as Authorization: Bearer …")
    token = _well_formed(token, _TOKEN, "Authorization")
    return Credential("access token" if token.startswith(PREFIX) else "token", token)


def _well_formed(value: str, pattern: re.Pattern[str], where: str) -> str:
    if len(value) > MAX_CREDENTIAL or not pattern.fullmatch(value):
        raise NoSession(f"{where} holds no credential that could be right")
    return value


def _cookie(header: str, name: str) -> str | None:
    """The value of one cookie; others may be as they like.

    Two of the same name with different values are refused: a neighbouring host can plant a second one for the whole
    domain, and the person would read and write in the planter's mailbox.
    """
    pairs = [pair.strip(" \t").partition("=") for pair in header.split(";")]
    values = {value for found, _, value in pairs if found == name}
    if len(values) > 1:
        raise NoSession(f"the browser sent two different cookies {name}; delete this site's cookies and log in again")
    return values.pop() if values else None


def require_same_origin(method: str, headers: Mapping[str, str], public_url: str | None) -> None:
    """Raises `CrossSite` unless a request with the browser's cookie comes from our own pages.

    To change something, it must say where it comes from, and only `Sec-Fetch-Site` and `Origin` are beyond the reach
    of scripts. To read, it may say nothing (browsers without `Sec-Fetch-Site` send no `Origin` with a GET), but what
    it says must be ours. The exception is a link from elsewhere that opens one of our pages in a tab. Nothing else
    foreign: an image, a frame or an EventSource on another site cannot read the answer, but it can measure how long
    it takes and how large it is, and it keeps our connections busy.
    """
    safe = method in SAFE_METHODS
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if safe and _opens_a_tab(headers):
        return
    if site is not None and site not in ("same-origin", "none"):
        raise CrossSite("a page of another site sent this request, so the cookie with it does not count")
    if origin is not None and not _is_ours(origin, headers, public_url):
        raise CrossSite(
            "the Origin of this request is not where Postroom lives; behind a proxy, set POSTROOM_PUBLIC_URL "
            "to the address that the browser shows"
        )
    if not safe and site is None and origin is None:
        raise CrossSite("with a cookie, send Origin or Sec-Fetch-Site; programs use a token instead")


def _opens_a_tab(headers: Mapping[str, str]) -> bool:
    return headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"


def _is_ours(origin: str, headers: Mapping[str, str], public_url: str | None) -> bool:
    if public_url is not None:
        ours = _origin(public_url)
        return ours is not None and ours == _origin(origin)
    # Who sees plain HTTP behind a proxy cannot know the scheme; host and port must do.
    theirs = _origin(origin)
    return theirs is not None and theirs == _origin(f"{theirs[0]}://{headers.get('host', '')}")


def _origin(url: str) -> tuple[str, str, int] | None:
    """RFC 6454 §4: scheme, host, port; None for what has none, as the origin `null`."""
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
        raise Refused("session_required", "this needs a login; an access token is not enough")


def require_scope(person: Person, scope: Scope) -> None:
    """Raises `Refused` for an access token that was made without `scope`."""
    if scope not in person.scopes:
        raise Refused("scope_missing", f"the access token was made without the scope {scope}")
