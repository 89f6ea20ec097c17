"""The web_hook action by which Kratos reports each registration, filled in: deploy/kratos."""

import json
from pathlib import Path

from postroom.settings import Settings
from postroom.setup.deployed_files import text_of
from postroom.setup.step import Step
from postroom.setup.written_file import write_file

HOOK = "registration-hook.yml"
BODY = "provision.jsonnet"
FOLDER = Path("/etc/kratos")
"""Where the files are by default, as the template has it."""

_ANYWHERE = ("0.0.0.0", "::", "")


def postroom_url(settings: Settings) -> str:
    """Where Kratos reaches Postroom if it is on the same host."""
    host = "127.0.0.1" if settings.host in _ANYWHERE else settings.host
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def hook(url: str, key: str | None, folder: Path = FOLDER) -> str:
    """The configuration file of Kratos; without a key it has a place for it. `folder` holds the Jsonnet file."""
    text = text_of(f"kratos/{HOOK}").replace("${POSTROOM_URL}", url.rstrip("/"))
    text = text.replace(f"file://{FOLDER}/{BODY}", (folder / BODY).as_uri())
    # As JSON, which is YAML: a key may hold quotes and backslashes.
    return text if key is None else text.replace('"${POSTROOM_WEBHOOK_KEY}"', json.dumps(key))


def body() -> str:
    """The Jsonnet file: what the hook says of an identity."""
    return text_of(f"kratos/{BODY}")


def write(url: str, key: str, folder: Path, *, force: bool) -> list[Step]:
    """Both files; only their owner may read the one with the key, which Kratos cannot take from another file. Raises
    `ConfigurationError`."""
    return [
        write_file(folder / HOOK, hook(url, key, folder), mode=0o600, force=force),
        write_file(folder / BODY, body(), force=force),
    ]
