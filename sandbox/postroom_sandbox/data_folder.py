"""The folder that holds everything that a trial keeps: databases, secrets, logs, and the addresses of its servers."""

import fcntl
import json
import os
import secrets
import shlex
import shutil
import stat
import time
from pathlib import Path
from typing import Any, Self

from postroom.errors import ConfigurationError

DEFAULT_DATA_FOLDER = Path(".postroom")

# The lock file also shows that the folder is a trial's: a folder with other content is never used, so that `--fresh`
# cannot empty a home directory.
_LOCK = "postroom.lock"
_TRIAL = "trial.json"


class DataFolder:
    """A trial's data folder. Inside the `with` block, this process holds its lock.

    Everything directly in it is private to its owner: files have mode 0600, folders 0700. The folder itself has mode
    0700, or 0711 if root owns it: PostgreSQL refuses to run as root, and its unprivileged user must reach its data.
    """

    def __init__(self, path: Path = DEFAULT_DATA_FOLDER) -> None:
        self.path = path.resolve()
        self._lock: int | None = None

    def __enter__(self) -> Self:
        """Create the folder if necessary and take its lock.

        Raises ConfigurationError if another `postroom up` holds it, or if the folder is not a trial's.
        """
        self._make()
        lock = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        if not _locked(lock):
            os.close(lock)
            raise self._in_use()
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        self._lock = lock
        self._remove(_TRIAL)  # from a killed trial, whose servers no longer run at these addresses
        return self

    def __exit__(self, *_: object) -> None:
        if self._lock is not None:
            self._remove(_TRIAL)
            os.close(self._lock)
            self._lock = None

    def require_free(self) -> None:
        """Raise ConfigurationError if another `postroom up` holds the folder. It need not exist."""
        if self._is_held():
            raise self._in_use()

    def folder(self, name: str) -> Path:
        """The subfolder with that name, created with mode 0700 if necessary."""
        path = self.path / name
        path.mkdir(mode=0o700, exist_ok=True)
        return path

    def log(self, name: str) -> Path:
        """The log file of the server or process with that name."""
        return self.folder("logs") / f"{name}.log"

    def secret(self, name: str) -> str:
        """The secret with that name, which is safe in URLs, drawn at its first use and kept between runs."""
        path = self.folder("secrets") / name
        if not path.exists() or not path.read_text().strip():
            write_private(path, secrets.token_urlsafe(32))
        return path.read_text().strip()

    def recall(self, name: str) -> str | None:
        """The text that `remember` stored under that name, or None."""
        path = self.path / name
        return path.read_text().strip() if path.exists() else None

    def remember(self, name: str, value: str) -> None:
        """Store a small text between runs, such as the path of files that cannot be in this folder."""
        write_private(self.path / name, value)

    def write_trial(self, trial: dict[str, Any]) -> None:
        """Publish the addresses and keys of the running trial for `postroom env`."""
        write_private(self.path / _TRIAL, json.dumps(trial, indent=2))

    def read_trial(self) -> dict[str, Any]:
        """The addresses and keys of the trial that runs in this folder.

        Raises ConfigurationError if none runs there, or if it is not up yet.
        """
        if not self._is_held():
            raise ConfigurationError(self._not_running())
        text = self.recall(_TRIAL)
        if text is None:
            raise ConfigurationError(f"the trial in {self.path} is still starting: try again in a moment")
        return json.loads(text)

    def clear(self) -> None:
        """Remove the content of the folder (`--fresh`), except its lock.

        Call `remove()` of the embedded servers first: one may still run, or have files elsewhere.
        """
        for entry in self.path.iterdir():
            if entry.name == _LOCK:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()

    def _make(self) -> None:
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            owner = self.path.stat().st_uid
            if owner != os.geteuid():
                raise ConfigurationError(
                    f"{self.path} belongs to the user with uid {owner}: run `postroom up` as that user, "
                    "or choose another folder with --data"
                )
            names = {entry.name for entry in self.path.iterdir()}
        except OSError as error:
            raise ConfigurationError(
                f"{self.path} cannot be the data folder ({error.strerror}): choose another with --data"
            ) from error
        if names and _LOCK not in names:
            raise ConfigurationError(
                f"{self.path} holds files, but no {_LOCK}, so they may not be a trial's: choose an empty or new folder "
                "with --data, or remove this one if it is what is left of a trial"
            )
        self.path.chmod(0o711 if owner == 0 else 0o700)

    def _in_use(self) -> ConfigurationError:
        holder = (self.recall(_LOCK) or "").strip() or "not known yet"
        return ConfigurationError(
            f"a trial already runs in {self.path} (pid {holder}): use that one, stop it with Ctrl-C in its terminal, "
            "or choose another folder with --data"
        )

    def _not_running(self) -> str:
        start = "postroom up"
        if self.path != DEFAULT_DATA_FOLDER.resolve():
            start += f" --data {shlex.quote(str(self.path))}"
        elif Path("sandbox", "pyproject.toml").exists():
            start = "make up"
        if (self.path / _LOCK).exists():
            return f"the trial in {self.path} does not run: start it with `{start}`"
        return f"there is no trial in {self.path}: start one with `{start}`, or go to the folder of another trial"

    def _is_held(self) -> bool:
        try:
            lock = os.open(self.path / _LOCK, os.O_RDONLY)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except PermissionError as error:
            raise ConfigurationError(f"only its owner can read {self.path}: run this as that user") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(lock)
        return False

    def _remove(self, name: str) -> None:
        (self.path / name).unlink(missing_ok=True)


def environment_of_trial() -> dict[str, str]:
    """The addresses and keys of the trial that runs in the working directory, for commands without settings. Postroom
    finds this function by the entry point in `pyproject.toml`. Raises ConfigurationError if none runs there."""
    return DataFolder().read_trial()["environment"]


def is_reachable(folder: Path, uid: int, gid: int) -> bool:
    """Whether a process with that uid and gid, and no other group, may enter the folder."""

    def may_enter(status: os.stat_result) -> bool:
        if status.st_uid == uid:
            return bool(status.st_mode & stat.S_IXUSR)
        return bool(status.st_mode & (stat.S_IXGRP if status.st_gid == gid else stat.S_IXOTH))

    resolved = folder.resolve()
    return all(may_enter(place.stat()) for place in (resolved, *resolved.parents))


def _locked(lock: int) -> bool:
    """Take the lock. Retries, because `read_trial` holds it for an instant."""
    for _ in range(20):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.02)
        else:
            return True
    return False


def write_private(path: Path, text: str) -> None:
    """Replace the file atomically, with mode 0600: neither a reader nor a kill sees it half written."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
