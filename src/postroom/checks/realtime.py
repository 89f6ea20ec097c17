"""Checks the publisher of live events: Centrifugo, or Postroom itself."""

from postroom.checks.finding import Finding
from postroom.checks.reachability import fix_of, place_of, trouble_at
from postroom.errors import ConfigurationError, PublisherUnavailable
from postroom.http.network_trouble import Kind, Trouble
from postroom.settings.mail_configuration import centrifugo_of
from postroom.settings.settings import Settings


async def realtime(settings: Settings) -> list[Finding]:
    try:
        found = centrifugo_of(settings)
    except ConfigurationError:
        return []  # `mail` says so
    if found is None or not settings.centrifugo_api_url:
        return [Finding("realtime", "ok", "server-sent events from Postroom itself")]
    centrifugo, browsers = found
    place = place_of(settings.centrifugo_api_url)
    try:
        nodes = await centrifugo.nodes()
    except PublisherUnavailable as error:
        return [await _unavailable(place, settings.centrifugo_api_url, error)]
    finally:
        await centrifugo.aclose()
    return [Finding("centrifugo", "ok", f"nodes at {place}: {nodes}; browsers connect to {browsers.url}")]


async def _unavailable(place: str, url: str, error: PublisherUnavailable) -> Finding:
    if error.fix:  # it answered
        return Finding("centrifugo", "error", f"{place}: {error}", error.fix)
    trouble = await trouble_at(url) or Trouble(Kind.TIME_OUT, str(error))
    fix = fix_of(trouble, "Centrifugo", "POSTROOM_CENTRIFUGO_API_URL")
    return Finding("centrifugo", "error", f"{place} cannot be reached: {trouble}", fix)
