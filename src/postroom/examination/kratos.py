"""Kratos: its public API, by which people are known, and its admin API, which is swept."""

from typing import Literal

import httpx2

from postroom.examination.finding import Finding, State
from postroom.mail_configuration import missing_for_mail
from postroom.settings import Settings


async def kratos(settings: Settings) -> list[Finding]:
    return [await _public(settings), await _admin(settings)]


async def _public(settings: Settings) -> Finding:
    url = settings.kratos_public_url
    if not url:
        return Finding("kratos public", "fine", "not configured: no mail for people", "set POSTROOM_KRATOS_PUBLIC_URL")
    # Without it nobody gets in; a 401 of Kratos counts only if this path answers 200.
    state: State = "warning" if missing_for_mail(settings) else "wrong"
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
            status = (await client.get(url.rstrip("/") + path)).status_code
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        return Finding(part, otherwise, f"does not answer ({type(error).__name__})", f"correct {setting}")
    if status == 200:
        return Finding(part, "fine", "ready")
    return Finding(part, otherwise, f"{path} answered {status}", f"see Kratos' log, or correct {setting}")
