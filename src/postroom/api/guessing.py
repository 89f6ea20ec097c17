"""Which forms of Kratos' flows guess a password or a code, and whether Kratos' answer says that it was wrong.

Only signing in and recovery count. Settings take no secret that could be guessed, since Kratos wants a fresh login for
each change; verification opens nobody's account. Passkeys, security keys and social sign-in cannot be guessed.
"""

import base64
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import cast
from urllib.parse import parse_qs, parse_qsl, urlsplit
from uuid import UUID

from postroom.errors import KratosAnswerUnusable, KratosUnavailable
from postroom.http.json_object import as_object, json_object
from postroom.http.problems import Problem, problem
from postroom.kratos.public_api import KratosAnswer
from postroom.people.guess_limiter import GuessLimiter

_FLOWS = ("/self-service/login", "/self-service/recovery")
_SECRETS = ("password", "code", "totp_code", "lookup_secret")
_ADDRESSES = ("identifier", "password_identifier", "email", "recovery_address", "recovery_confirm_address")
"""The last two are of later versions than 1.3.1."""
_SECOND_FACTOR = "aal=aal2"

MAX_SESSIONS = 3
"""Session cookies; usual is one, and a neighbouring host can plant another one."""

MAX_ADDRESSES = 10
"""For which a guess counts; usual is one, and two if a person corrects the address of a recovery."""

MAX_FIELDS = 200
"""Fields of a form; usual are ten."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A request to Kratos. `client` is who counts as one."""

    client: str
    path: str
    query: str
    headers: Mapping[str, str]
    content: bytes


class Guessing:
    """`session_cookie`: the name of Kratos' cookie."""

    def __init__(self, limiter: GuessLimiter, *, session_cookie: str) -> None:
        self._limiter = limiter
        self._session_cookie = session_cookie

    async def answer(self, sent: Submission, exchange: Callable[[], Awaitable[KratosAnswer]]) -> KratosAnswer:
        """What `exchange` answers. Raises `TooManyGuesses` before it, `Problem` for a form that several programs would
        read differently, and what `exchange` raises."""
        if sent.path not in _FLOWS:
            return await exchange()
        fields = _fields(sent)
        flow = _flow_of(sent.query)
        stated = _stated(fields)
        if any(name in _SECRETS and value for name, value in fields):
            return await self._checked(sent, flow, stated, exchange)
        answer = await exchange()
        if flow and stated and _shows_form(answer, flow):
            # A code is mailed there, and follows without it. The earlier addresses stay: their code may be valid still.
            await self._limiter.remember(flow, await self._addresses(stated, [flow]))
        return answer

    async def _checked(
        self, sent: Submission, flow: str, stated: set[str], exchange: Callable[[], Awaitable[KratosAnswer]]
    ) -> KratosAnswer:
        flows = [flow] if flow else []
        sessions = [*map(_digest, self._sessions(sent.headers.get("cookie", "")))]
        guess = await self._limiter.take(sent.client, await self._addresses(stated, [*flows, *sessions]))
        try:
            answer = await exchange()
        except KratosAnswerUnusable:
            raise  # it may have checked the guess, and a long answer could tell a wrong one from a right one
        except (KratosUnavailable, Problem):
            await self._limiter.forgive(guess)  # nobody has learnt anything
            raise
        if not _shows_form(answer, flow):
            await self._limiter.forgive(guess)
        if _second_factor_follows(answer) and (session := self._new_session(answer)):
            # Not the addresses of the session before: a chain of sessions would gather any number of them.
            await self._limiter.remember(_digest(session), await self._addresses(stated, flows))
        return answer

    async def _addresses(self, stated: set[str], names: Sequence[str]) -> Sequence[str]:
        """All that it may be for: what the form states, and what the flow or the session is about. A form could state
        any address beside a code that is not for it. Raises `Problem`."""
        found = sorted(stated | await self._limiter.known(names))
        if len(found) > MAX_ADDRESSES:
            raise problem("unreadable_body", "the form is about too many addresses; begin again with a new one")
        return found

    def _sessions(self, cookies: str) -> set[str]:
        """The values of all cookies of that name: it is Kratos that chooses one. Raises `Problem`."""
        pairs = [each.partition("=") for each in cookies.split(";")]
        named = [value for name, _, value in pairs if name.strip(" \t") == self._session_cookie]
        found = {_session(value) for value in named} - {""}
        if len(found) > MAX_SESSIONS:
            raise problem("unreadable_body", "there are too many session cookies; delete this site's cookies")
        return found

    def _new_session(self, answer: KratosAnswer) -> str:
        start = f"{self._session_cookie}="
        values = [each.partition(";")[0].removeprefix(start) for each in answer.set_cookie if each.startswith(start)]
        return _session(values[-1]) if values else ""


def _session(cookie: str) -> str:
    """The same text for all values that Kratos reads as the same session: it ignores the last bits of Base64."""
    value = cookie.strip(" \t").strip('"')
    try:
        return base64.urlsafe_b64decode(value).hex()
    except ValueError:
        return value


def _shows_form(answer: KratosAnswer, flow: str) -> bool:
    """Whether Kratos shows the same form again, as after a wrong guess (seen on 1.3.1): a page that asks for JSON gets
    it with 400, or 200 in a recovery; any other is sent to the form's page. After a right guess, and after what Kratos
    did not check, it leads elsewhere, or there is no form."""
    if answer.status in (HTTPStatus.OK, HTTPStatus.BAD_REQUEST):
        return "ui" in json_object(answer.content)
    return bool(flow) and _flow_of(urlsplit(answer.headers.get("location", "")).query, strict=False) == flow


def _second_factor_follows(answer: KratosAnswer) -> bool:
    to = as_object(json_object(answer.content)).get("redirect_browser_to")
    return any(_SECOND_FACTOR in str(each) for each in (to, answer.headers.get("location")))


def _fields(sent: Submission) -> Sequence[tuple[str, str]]:
    """Those of the query, too, since Kratos takes the code of a recovery from there; names without a case, as Go
    reads those of JSON. Raises `Problem`."""
    try:
        found = parse_qsl(sent.query, max_num_fields=MAX_FIELDS)
        text = sent.content.decode("utf-8", "replace")
        if sent.headers.get("content-type", "").startswith("application/json"):
            # Objects as pairs: of two members of the same name, Go and Python may take different ones.
            body: object = json.loads(text, object_pairs_hook=tuple) if text.strip() else ()
            pairs = cast(Sequence[tuple[str, object]], body) if isinstance(body, tuple) else ()
            found += [(name, str(value)) for name, value in pairs]
        else:
            found += parse_qsl(text, max_num_fields=MAX_FIELDS)
    except (ValueError, RecursionError):
        raise problem("unreadable_body", "the form cannot be read") from None
    return [(name.casefold(), value) for name, value in found]


def _stated(fields: Sequence[tuple[str, str]]) -> set[str]:
    """The addresses in a form, as digests. Raises `Problem` if a field has two: Kratos might take the other one."""
    named = {each: {_normalized(value) for name, value in fields if name == each} - {""} for each in _ADDRESSES}
    return {_digest(_one(values)) for values in named.values() if values}


def _normalized(address: str) -> str:
    """As Kratos compares it: Go makes one lower-case letter of each, and İ to i, where Python makes two."""
    return "".join(each.lower()[0] for each in address.strip())


def _flow_of(query: str, *, strict: bool = True) -> str:
    """The id of the flow in its usual spelling; "" without one. Raises `Problem`."""
    found: set[str] = set()
    for each in parse_qs(query).get("flow", ()):
        try:
            found.add(str(UUID(each)))
        except ValueError:
            continue  # Kratos knows no such flow
    return _one(found) if strict else next(iter(found), "")


def _one(values: set[str]) -> str:
    if len(values) > 1:
        raise problem("unreadable_body", "the form has two values of an address or a flow")
    return next(iter(values), "")


def _digest(text: str) -> str:
    """What is kept of an address or a session: nothing that anybody could read or use."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:32]
