"""How screens are told of new mail: Centrifugo, or Postroom itself."""

from postroom.checks.finding import Finding
from postroom.errors import ConfigurationError, PublisherUnavailable
from postroom.mail_configuration import centrifugo_of
from postroom.settings import Settings


async def realtime(settings: Settings) -> list[Finding]:
    try:
        found = centrifugo_of(settings)
    except ConfigurationError:
        return []  # told among the settings of mail
    if found is None:
        return [Finding("realtime", "ok", "server-sent events of Postroom's own")]
    centrifugo, browsers = found
    try:
        nodes = await centrifugo.nodes()
    except PublisherUnavailable as error:
        fix = "see whether Centrifugo runs with deploy/centrifugo/config.yaml, or correct POSTROOM_CENTRIFUGO_API_URL"
        return [Finding("centrifugo", "error", str(error), fix)]
    finally:
        await centrifugo.aclose()
    return [Finding("centrifugo", "ok", f"nodes: {nodes}; browsers connect to {browsers.url}")]
