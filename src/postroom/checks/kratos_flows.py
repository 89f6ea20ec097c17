"""Checks that Kratos' flows run on our own origin, where the web interface shows them."""

from postroom.checks.finding import Finding
from postroom.errors import KratosUnavailable
from postroom.http.json_object import json_object
from postroom.kratos.public_api import PATH, KratosPublicApi
from postroom.settings.settings import Settings
from postroom.settings.web_urls import names_a_host, origin_of

_START = "/self-service/login/api"
"""A flow for programs: it needs no cookie, and names the same base URL as those for browsers."""


async def kratos_flows(settings: Settings) -> list[Finding]:
    """[] where Kratos gives no flow: another check says why it is not ready."""
    if not settings.kratos_public_url:
        return []
    kratos = KratosPublicApi(settings.kratos_public_url, timeout=5)
    try:
        answer = await kratos.exchange("GET", _START, {"Accept": "application/json"})
    except KratosUnavailable:
        return []
    finally:
        await kratos.aclose()
    match json_object(answer.content):
        case {"ui": {"action": str(action)}} if names_a_host(action):
            return [_of(action, settings)]
        case _:
            return []


def _of(action: str, settings: Settings) -> Finding:
    base, ours = action.partition("/self-service/")[0], (settings.public_url or origin_of(action)).rstrip("/") + PATH
    if base == ours:
        return Finding("kratos flows", "ok", f"on our own origin, at {ours}")
    details = f"links and redirects of Kratos lead browsers to {base}: the web interface needs {ours}"
    fix = "start Kratos with the interface.yml of postroom setup kratos --write FOLDER"
    missing = "" if settings.public_url else "set POSTROOM_PUBLIC_URL, and "
    return Finding("kratos flows", "warning", details, missing + fix)
