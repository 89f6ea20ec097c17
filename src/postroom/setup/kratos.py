"""Fills in the files of deploy/kratos: the `web_hook` action for registrations, and its body."""

import json
from pathlib import Path

from postroom.setup.deployed_files import text_of
from postroom.setup.step import Step
from postroom.setup.written_file import write_file

HOOK = "registration-hook.yml"
BODY = "provision.jsonnet"
FOLDER = Path("/etc/kratos")
"""Where the files are by default, as the template has it."""


def hook(url: str, key: str | None, folder: Path = FOLDER) -> str:
    """The configuration file of Kratos. `key`: None leaves the placeholder. `folder` is that of the Jsonnet file."""
    text = text_of(f"kratos/{HOOK}").replace("${POSTROOM_URL}", url.rstrip("/"))
    text = text.replace(f"file://{FOLDER}/{BODY}", (folder / BODY).as_uri())
    # As JSON, which is YAML: a key may hold quotes and backslashes.
    return text if key is None else text.replace('"${POSTROOM_WEBHOOK_KEY}"', json.dumps(key))


def body() -> str:
    """The Jsonnet file, which makes the body of the webhook."""
    return text_of(f"kratos/{BODY}")


def write(url: str, key: str, folder: Path, *, force: bool) -> list[Step]:
    """Write both files. Only their owner may read the one with the key: Kratos cannot read a key from another file.
    Raises `ConfigurationError`."""
    return [
        write_file(folder / HOOK, hook(url, key, folder), mode=0o600, force=force),
        write_file(folder / BODY, body(), force=force),
    ]
