"""Kratos: its public API, by which people are known, and its admin API, which is swept."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

import httpx2

from postroom.checks.finding import Finding, State
from postroom.mail_configuration import missing_for_mail
from postroom.settings import Settings

CLOCKS_APART = 60.0
"""Seconds from which on it is told: whether a login is fresh is told by both clocks, and Kratos' `Date` has whole
seconds and was on its way."""


async def kratos(settings: Settings) -> list[Finding]:
    return [await _public(settings), await _admin(settings)]


async def _public(settings: Settings) -> Finding:
    url = settings.kratos_public_url
    if not url:
        return Finding("kratos public", "ok", "not configured: no mail for people", "set POSTROOM_KRATOS_PUBLIC_URL")
    # Without it nobody gets in; a 401 of Kratos counts only if this path answers 200.
    state: State = "warning" if missing_for_mail(settings) else "error"
    return await _health("public", url, "/health/ready", state)


async def _admin(settings: Settings) -> Finding:
    url = settings.kratos_admin_url
    if not url:
        detail = "not configured: a hook that is lost stays lost, and access tokens outlive their identity"
        return Finding("kratos admin", "warning", detail, "set POSTROOM_KRATOS_ADMIN_URL")
    return await _health("admin", url, "/admin/health/ready", "warning")


async def _health(name: Literal["public", "admin"], url: str, path: str, otherwise: State) -> Finding:
    part, setting = f"kratos {name}", f"POSTROOM_KRATOS_{name.upper()}_URL"
    try:
        async with httpx2.AsyncClient(timeout=5, trust_env=False) as client:
            answer = await client.get(url.rstrip("/") + path)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        return Finding(part, otherwise, f"does not answer ({type(error).__name__})", f"correct {setting}")
    if answer.status_code != 200:
        detail = f"{path} answered {answer.status_code}"
        return Finding(part, otherwise, detail, f"see Kratos' log, or correct {setting}")
    if (apart := _seconds_apart(answer)) > CLOCKS_APART:
        detail = f"its clock and that of this host are {apart:.0f} s apart: a login looks older or newer than it is"
        return Finding(part, "warning", detail, "let both keep the time by NTP")
    return Finding(part, "ok", "ready")


def _seconds_apart(answer: httpx2.Response) -> float:
    """0 without a `Date` that can be read."""
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", ""))
        return abs((theirs - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):  # TypeError: a time without a zone
        return 0.0
