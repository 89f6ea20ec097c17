"""How screens are told of new mail: Centrifugo, or Postroom itself."""

from postroom.errors import AnnouncerAway, ConfigurationError
from postroom.examination.finding import Finding
from postroom.mail_parts import centrifugo_of
from postroom.settings import Settings

LEAST_KEY = 32
"""Characters of an HMAC key (RFC 7518 §3.2: as long as the hash)."""


async def realtime(settings: Settings) -> list[Finding]:
    try:
        found = centrifugo_of(settings)
    except ConfigurationError:
        return []  # told among the settings of mail
    if found is None:
        return [Finding("realtime", "fine", "server-sent events of Postroom's own")]
    centrifugo, browsers = found
    try:
        nodes = await centrifugo.nodes()
    except AnnouncerAway as error:
        fix = "see whether Centrifugo runs with deploy/centrifugo/config.yaml, or correct POSTROOM_CENTRIFUGO_API_URL"
        return [Finding("centrifugo", "wrong", str(error), fix)]
    finally:
        await centrifugo.aclose()
    if len(browsers.token_key) < LEAST_KEY:
        detail = f"POSTROOM_CENTRIFUGO_TOKEN_KEY is shorter than {LEAST_KEY} characters: its tokens can be forged"
        return [Finding("centrifugo", "wrong", detail, "openssl rand -base64 32, for Postroom and Centrifugo")]
    return [Finding("centrifugo", "fine", f"nodes: {nodes}; browsers connect to {browsers.url}")]
