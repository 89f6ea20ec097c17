"""The files of deploy/, which are part of the package: systemd units, alerts, and configuration of other servers."""

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from postroom.setup.step import Step
from postroom.setup.written_file import write_file

ROOT = files("postroom") / "deploy"


def text_of(name: str) -> str:
    return ROOT.joinpath(*name.split("/")).read_text("utf-8")


def names() -> list[str]:
    """`kratos/provision.jsonnet`, …"""
    return sorted(_below(ROOT, ""))


def write_all(folder: Path, *, force: bool) -> list[Step]:
    """Raises `ConfigurationError`."""
    return [write_file(folder / name, text_of(name), force=force) for name in names()]


def _below(folder: Traversable, prefix: str) -> Iterator[str]:
    for each in folder.iterdir():
        if each.is_dir():
            yield from _below(each, f"{prefix}{each.name}/")
        else:
            yield prefix + each.name
