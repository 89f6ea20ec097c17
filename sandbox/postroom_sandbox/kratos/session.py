"""Sessions: who is logged in, and which credential of a request proves it."""

import base64
import secrets
import string
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from uuid import uuid4

from starlette.requests import Request

from postroom_sandbox.kratos.error import Json, KratosError
from postroom_sandbox.kratos.identity import public, timestamp
from postroom_sandbox.kratos.store import Store

COOKIE = "ory_kratos_session"
LIFESPAN = timedelta(hours=24)

_ALPHABET = string.ascii_letters + string.digits
_SALT_BYTES = 12
_SECOND_FACTORS = ("totp",)


def cookie_of(token: str) -> str:
    """A new value for the session cookie. Earlier values stay valid. The token is encoded in it, as in the encrypted
    cookies of Kratos, so that a cookie is not accepted as a token, nor a token as a cookie."""
    return base64.urlsafe_b64encode(secrets.token_bytes(_SALT_BYTES) + token.encode()).decode()


def _token_in(cookie: str) -> str | None:
    try:
        return base64.urlsafe_b64decode(cookie)[_SALT_BYTES:].decode() or None
    except ValueError:
        return None


def start_session(store: Store, identity: Json, request: Request, now: datetime, method: str) -> tuple[str, Json]:
    """Log the identity in. Returns the token and the session to show."""
    token = "ory_st_" + "".join(secrets.choice(_ALPHABET) for _ in range(32))
    moment = timestamp(now)
    device = {
        "id": str(uuid4()),
        "ip_address": request.headers.get("x-forwarded-for") or (request.client.host if request.client else ""),
        "user_agent": request.headers.get("user-agent", ""),
        "location": "",
    }
    session: Json = {
        "id": str(uuid4()),
        "active": True,
        **_with_method([], method, now),
        "issued_at": moment,
        "devices": [device],
        **_login_times(now),
    }
    store.add_session(token, identity["id"], session)
    return token, {**session, "identity": public(identity)}


def refresh_session(store: Store, token: str, session: Json, now: datetime, method: str) -> Json:
    """The session after its person has logged in again, perhaps with a second factor."""
    return _changed(
        store, token, session, _with_method(session["authentication_methods"], method, now) | _login_times(now)
    )


def add_factor(store: Store, token: str, session: Json, now: datetime, method: str) -> Json:
    """The session after its person has set up a second factor, which does not count as a login."""
    return _changed(store, token, session, _with_method(session["authentication_methods"], method, now))


def _changed(store: Store, token: str, session: Json, change: Json) -> Json:
    session = session | change
    store.change_session(token, {name: value for name, value in session.items() if name != "identity"})
    return session


def _login_times(now: datetime) -> Json:
    return {"authenticated_at": timestamp(now), "expires_at": timestamp(now + LIFESPAN)}


def _with_method(before: list[Json], method: str, now: datetime) -> Json:
    aal = "aal2" if method in _SECOND_FACTORS else "aal1"
    methods = [*before, {"method": method, "aal": aal, "completed_at": timestamp(now)}]
    return {
        "authenticator_assurance_level": max(each["aal"] for each in methods),
        "authentication_methods": methods,
    }


def current_session(store: Store, request: Request, now: datetime) -> tuple[str, Json] | None:
    """The token and the valid session of a request; None also for a revoked session or an inactive identity."""
    token = credential_of(request)
    found = store.session(token) if token else None
    if token is None or found is None:
        return None
    session, identity = found
    if (
        not session["active"]
        or identity["state"] != "active"
        or datetime.fromisoformat(session["expires_at"]) <= now.astimezone(UTC)
    ):
        return None
    return token, {**session, "identity": public(identity)}


def second_factor_address(store: Store, session: Json, public_url: str, return_to: str | None = None) -> str | None:
    """Where the person enters the second factor; None if none is required."""
    if session["authenticator_assurance_level"] != "aal1" or store.totp(session["identity"]["id"]) is None:
        return None
    query = {"aal": "aal2"} | ({"return_to": return_to} if return_to else {})
    return f"{public_url}/self-service/login/browser?{urlencode(query)}"


def require_second_factor(store: Store, session: Json, public_url: str) -> None:
    """Raises KratosError while a second factor is required."""
    if url := second_factor_address(store, session, public_url):
        raise KratosError(
            403,
            "An active session was found but it does not fulfill the requested Authenticator Assurance Level. "
            "Please verify yourself with a second factor to resolve this issue.",
            message="Session does not fulfill the requested Authenticator Assurance Level",
            name="session_aal2_required",
            details={"redirect_browser_to": url},
            extra={"redirect_browser_to": url},
        )


def credential_of(request: Request) -> str | None:
    """The session token of a request. The first credential decides, as in Kratos (session/manager_http.go): header,
    cookie, bearer."""
    if token := request.headers.get("x-session-token"):
        return token
    if cookie := request.cookies.get(COOKIE):
        return _token_in(cookie)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else None
