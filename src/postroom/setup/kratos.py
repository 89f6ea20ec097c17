"""Fills in the files of deploy/kratos: the `web_hook` action for registrations and changes, its body, and the
addresses of the web interface."""

import json
from functools import partial
from pathlib import Path

from postroom.setup.deployed_files import text_of
from postroom.setup.step import Step
from postroom.setup.written_file import write_file

HOOK = "registration-hook.yml"
BODY = "provision.jsonnet"
INTERFACE = "interface.yml"
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


def interface(public_url: str) -> str:
    """A further configuration file of Kratos, for its flows on Postroom's own origin."""
    return text_of(f"kratos/{INTERFACE}").replace("${POSTROOM_PUBLIC_URL}", public_url.rstrip("/"))


def write(
    url: str, key: str, folder: Path, *, at: Path | None = None, public_url: str | None = None, force: bool
) -> list[Step]:
    """Write the files; that of the interface if Postroom's `public_url` for browsers is known. Only their owner may
    read the one with the key: Kratos cannot read a key from another file. `at` is the folder in which Kratos finds
    them. Raises `ConfigurationError`."""
    webhook = hook(url, key, at or folder)
    steps = [
        write_file(folder / HOOK, webhook, mode=0o600, force=force, serves=partial(_holds, webhook), fix=_MERGE),
        write_file(folder / BODY, body(), force=force, fix=_MERGE),
    ]
    if public_url:
        steps.append(write_file(folder / INTERFACE, interface(public_url), force=force, fix=_MERGE))
    return steps


_MERGE = (
    "compare it with what postroom setup kratos prints (without the key, which may be another), and merge both; "
    "or overwrite it by --force"
)


def _holds(webhook: str, text: str) -> bool:
    """Whether the text holds all lines of the webhook's file, in their order, so that Postroom is called as it wants.
    Operators add their own hooks there, and may remove the one that logs people in (its own comment says so)."""
    lines = iter(_lines(text))
    return all(line in lines for line in _lines(webhook) if line != "- hook: session")


def _lines(text: str) -> list[str]:
    return [line for each in text.splitlines() if (line := each.strip()) and not line.startswith("#")]
