"""Builds the web interface into src/postroom/web/build, unless what is there was built of these sources.

python web/build.py              also: make web
python web/build.py --until-eof  as a child: ends when standard input does
"""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from npm import WEB, commands_to_install, completed

BUILD = WEB.parent / "src/postroom/web/build"
NEW = BUILD.with_name("build.new")
"""While it exists, the service says that the interface is being built."""
OLD = BUILD.with_name("build.old")
SHOWN_LINES = 30


def is_current() -> bool:
    index = BUILD / "index.html"
    return index.exists() and index.stat().st_mtime >= _newest_source()


def _newest_source() -> float:
    """When a source was changed last. What git ignores is none: the build itself writes some of it."""
    ignored = {line.strip("/") for line in (WEB / ".gitignore").read_text().split()} | {"__pycache__"}

    def is_source(folder: str, name: str) -> bool:
        return ignored.isdisjoint((name, Path(folder, name).relative_to(WEB).as_posix()))

    newest = 0.0
    for folder, folders, files in os.walk(WEB):
        folders[:] = [name for name in folders if is_source(folder, name)]
        times = [Path(folder, name).lstat().st_mtime for name in files if is_source(folder, name)]
        newest = max(newest, *times, 0.0)
    return newest


def build() -> None:
    started = time.time()
    for command in commands_to_install():
        say("Installing what builds the interface" if command[0] == "npm" else "Installing Node")
        run(command)
    say("Building the interface")
    run(["npm", "run", "build"], POSTROOM_WEB_BUILD=str(NEW))
    os.utime(NEW / "index.html", (started, started))  # what was changed since then is not in it
    swap()
    say(f"The interface is built ({time.time() - started:.0f} s)")


def swap() -> None:
    """Put the new build in the place of the old one. For an instant there is none; a service that starts then finds it
    a second later."""
    shutil.rmtree(OLD, ignore_errors=True)
    with suppress(FileNotFoundError):
        BUILD.rename(OLD)
    NEW.rename(BUILD)
    shutil.rmtree(OLD, ignore_errors=True)


def run(command: Sequence[str], **more: str) -> None:
    """Run it in a session of its own, so that all its processes end with ours. Its output is shown if it fails."""
    argv, env = completed(command)
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(
            argv,
            cwd=WEB,
            env={**env, **more},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            code = child.wait()
        finally:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
        if code:
            output.seek(0)
            for line in output.read().decode(errors="replace").splitlines()[-SHOWN_LINES:]:
                say(f"    {line}")
            sys.exit(f"The interface could not be built: `{' '.join(command)}` ended with exit code {code}")


@contextmanager
def locked() -> Generator[None]:
    """One build at a time in this folder; another one waits, and then has nothing to do."""
    lock = os.open(WEB, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def say(line: str) -> None:
    print(line, flush=True)


def end_with_stdin() -> None:
    def watch() -> None:
        while os.read(0, 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def _ended(number: int, _: object) -> NoReturn:
    sys.exit(128 + number)  # the `finally` blocks run


def main() -> None:
    signal.signal(signal.SIGTERM, _ended)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup wants it
        signal.signal(signal.SIGHUP, _ended)  # npm would go on in a session of its own
    os.umask(0o022)  # another user may run the service
    if "--until-eof" in sys.argv[1:]:
        end_with_stdin()
    with locked():
        if is_current():
            return
        shutil.rmtree(NEW, ignore_errors=True)
        NEW.mkdir(parents=True)
        try:
            build()
        finally:
            shutil.rmtree(NEW, ignore_errors=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
