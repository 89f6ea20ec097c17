"""Requires a fresh login before a new credential is made. Otherwise an unattended browser or a stolen cookie could be
turned into a password that outlives the session."""

from datetime import datetime, timedelta
from urllib.parse import urlencode

from postroom.errors import FreshLoginRequired
from postroom.people.ports import Visitor

FRESH_FOR = timedelta(minutes=15)


def require_fresh_login(visitor: Visitor, now: datetime, *, return_to: str | None) -> None:
    """Raises `FreshLoginRequired` for a login that is older than `FRESH_FOR`, or for which Kratos states no time.

    Kratos' clock may be ahead of ours: a login up to `FRESH_FOR` in the future is fresh, too.
    """
    at = visitor.person.authenticated_at
    if at is None or abs(now - at) > FRESH_FOR:
        minutes = int(FRESH_FOR.total_seconds() // 60)
        raise FreshLoginRequired(
            f"log in again: a new access token or device needs a login of the last {minutes} minutes; a native app "
            "starts it at Kratos with GET /self-service/login/api?refresh=true",
            redirect_to=_refresh(visitor.login_page, return_to),
        )


def _refresh(login_page: str | None, return_to: str | None) -> str | None:
    """Kratos asks a person who is already logged in to log in again only with `refresh`."""
    query = {"refresh": "true"} | ({"return_to": return_to} if return_to else {})
    return f"{login_page}?{urlencode(query)}" if login_page else None
