"""Refuses to make a wheel without the interface. It does not build it: who installs from source may have no Node."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class RequireInterface(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """`version` is `editable` for an installation in place, which serves what is built later."""
        index = Path(self.root, "src/postroom/web/build/index.html")
        if version != "editable" and not index.is_file():
            raise FileNotFoundError(f"{index}: the web interface is not built; run `make web` first")
