"""Files that are written for somebody else to read. One that was changed since is not overwritten."""

import os
import tempfile
from pathlib import Path

from postroom.errors import ConfigurationError
from postroom.setup.step import Step


def write_file(path: Path, text: str, *, mode: int = 0o644, force: bool = False) -> Step:
    """`force`: also over another content. Raises `ConfigurationError`."""
    try:
        before = path.read_text("utf-8", "replace") if path.exists() else None
        if before == text:
            return Step(str(path), "ok", "is up to date")
        if before is not None and not force:
            return Step(
                str(path),
                "error",
                "exists with another content, and was not changed",
                "merge it, or overwrite it by --force",
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, text, mode=mode)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from error
    return Step(str(path), "changed", "written")


def replace_file(path: Path, text: str, *, mode: int) -> None:
    """All of it or nothing, whenever the process ends. Raises `OSError`."""
    # mkstemp: nobody else reads it from the start, whatever the umask.
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
