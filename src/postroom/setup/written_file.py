"""Writes files that an operator may change: a file with another content is not overwritten."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from postroom.errors import ConfigurationError
from postroom.setup.step import Step


def write_file(
    path: Path,
    text: str,
    *,
    mode: int = 0o644,
    force: bool = False,
    serves: Callable[[str], bool] = lambda _: False,
    fix: str = "merge both, or overwrite it by --force",
) -> Step:
    """`force`: overwrite a file with another content. `serves`: whether another content does as well, so that `fix` is
    not needed. Raises `ConfigurationError`."""
    try:
        before = path.read_text("utf-8", "replace") if path.exists() else None
        if before == text:
            return Step(str(path), "ok", "is up to date")
        if before is not None and not force:
            if serves(before):
                return Step(str(path), "ok", "holds what Postroom needs, beside what you added; it was not changed")
            return Step(str(path), "error", "exists with another content, and was not changed", fix)
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, text, mode=mode)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from error
    return Step(str(path), "changed", "written")


def replace_file(path: Path, text: str, *, mode: int) -> None:
    """Replace the file atomically: it holds the old text or the new one, whenever the process ends. Raises
    `OSError`."""
    # mkstemp: from the start only the owner can read it, whatever the umask.
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
