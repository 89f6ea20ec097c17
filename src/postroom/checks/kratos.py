"""Checks Kratos: its public API, which identifies people, and its admin API, which lists all identities."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

import httpx2

from postroom.checks.finding import Finding, State
from postroom.checks.reachability import fix_of, place_of, trouble_at
from postroom.http.json_object import json_object
from postroom.http.network_trouble import BROKEN_OFF, Kind, Trouble
from postroom.settings.mail_configuration import missing_for_mail
from postroom.settings.settings import Settings

CLOCKS_APART = 60.0
"""A greater difference, in seconds, is a warning: whether a login is fresh depends on both clocks. Smaller ones prove
nothing: Kratos' `Date` has whole seconds, and the response takes time."""


async def kratos_public(settings: Settings) -> Finding:
    url = settings.kratos_public_url
    if not url:
        return Finding("kratos public", "ok", "not configured: no mail for people", "set POSTROOM_KRATOS_PUBLIC_URL")
    # Without it nobody can log in; a 401 of Kratos counts only if this path answers 200.
    state: State = "warning" if missing_for_mail(settings) else "error"
    return await _health("public", url, "/health/ready", state)


async def kratos_admin(settings: Settings) -> Finding:
    url = settings.kratos_admin_url
    if not url:
        details = "not configured: a lost webhook stays lost, and access tokens outlive their identity"
        return Finding("kratos admin", "warning", details, "set POSTROOM_KRATOS_ADMIN_URL")
    return await _health("admin", url, "/admin/health/ready", "warning")


async def _health(name: Literal["public", "admin"], url: str, path: str, otherwise: State) -> Finding:
    part, setting, place = f"kratos {name}", f"POSTROOM_KRATOS_{name.upper()}_URL", place_of(url)
    try:
        async with httpx2.AsyncClient(timeout=5, trust_env=False) as client:
            response = await client.get(url.rstrip("/") + path)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        trouble = await trouble_at(url) or _of(error)
        return Finding(part, otherwise, f"{place} cannot be reached: {trouble}", fix_of(trouble, "Kratos", setting))
    if response.status_code != 200 or "status" not in json_object(response.content):
        details = f"{place} answered {path} with {response.status_code}"
        return Finding(part, otherwise, *_of_response(response.status_code, details, f"Kratos' {name} API", setting))
    if (apart := _seconds_apart(response)) > CLOCKS_APART:
        details = f"its clock and that of this host are {apart:.0f} s apart: a login looks older or newer than it is"
        return Finding(part, "warning", details, "synchronise both clocks by NTP")
    return Finding(part, "ok", f"ready at {place}")


def _of(error: Exception) -> Trouble:
    """The trouble of a server to which a connection can be made."""
    if isinstance(error, httpx2.TimeoutException):
        return Trouble(Kind.TIME_OUT, "time-out")
    return Trouble(Kind.BROKEN_OFF, BROKEN_OFF)


def _of_response(status: int, details: str, what: str, setting: str) -> tuple[str, str]:
    """Details and fix for a response that shows no ready Kratos."""
    if status in (401, 403):
        return f"{details}: access denied", f"correct {setting}: {what} asks for no login, a proxy before it may"
    if status >= 500:
        return f"{details}: not ready", "see the log of Kratos"
    return f"{details}: this is not {what}", f"correct {setting}"


def _seconds_apart(response: httpx2.Response) -> float:
    """0 without a `Date` that can be read."""
    try:
        theirs = parsedate_to_datetime(response.headers.get("date", ""))
        return abs((theirs - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):  # TypeError: a time without a zone
        return 0.0
