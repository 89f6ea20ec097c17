"""The files of a release, of this tree and the interface that is built already: `make release` builds it anew, which
takes a minute."""

import base64
import subprocess
from dataclasses import dataclass
from pathlib import Path
from shutil import copy, copytree

import pytest

from built_web import require_interface
from distribution.commit import version_of, write_version
from distribution.files import write_files
from parts import UNUSED_URL, environment
from postroom.web.interface import FOLDER
from postroom_sandbox.loopback import LOOPBACK
from servers import Database

ROOT = Path(__file__).resolve().parents[1]
TIME = 1_795_737_600
"""The time of the commit, for these files."""


@dataclass(frozen=True)
class Release:
    folder: Path
    version: str

    @property
    def wheel(self) -> Path:
        return self.folder / f"postroom-{self.version}-py3-none-any.whl"

    @property
    def sources(self) -> Path:
        return self.folder / f"postroom-{self.version}.tar.gz"

    @property
    def materials(self) -> Path:
        return self.folder / f"postroom-{self.version}.cdx.json"


def copied_sources(folder: Path) -> Path:
    """The files that git knows, or would add, and the built interface, with the version of a commit that has no tag."""
    require_interface()
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).exists():  # not what was removed and is not committed yet
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            copy(ROOT / name, folder / name)
    copytree(FOLDER, folder / FOLDER.relative_to(ROOT))
    write_version(folder, f"{version_of(ROOT)}+g0123456789ab")
    return folder


def released(source: Path, folder: Path) -> Release:
    folder.mkdir()
    write_files(source, folder, TIME)
    return Release(folder, version_of(source))


def settings_to_serve(database: Database, port: int) -> dict[str, str]:
    """The environment of a service on loopback that shows the interface. Kratos and Stalwart are not there."""
    more = {"kratos_public_url": UNUSED_URL, "encryption_key": base64.b64encode(bytes(32)).decode()}
    more |= {"host": LOOPBACK, "migrate_database_url": database.owner_url}
    return environment(database, None, None, port=port, **more)


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    folder = tmp_path_factory.mktemp("release")
    return released(copied_sources(folder / "source"), folder / "dist")
