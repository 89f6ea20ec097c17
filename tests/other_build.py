"""Another build of the interface, made of the one that is there: what a browser meets after an upgrade."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from postroom.web.build import FOLDER

_HASH = re.compile(r"(?<=\.)[\w-]{8}(?=\.(?:js|css|html)$)|(?<=/chunks/)[\w-]{8}(?=\.js$)")
_TEXT = (".css", ".html", ".js", ".json", ".webmanifest")

_CUSTOM = """\
import os
from pathlib import Path
import postroom.web.build as build
build.FOLDER = Path(os.environ["OTHER_BUILD"])
"""


def write_other_build(folder: Path) -> Path:
    """No file of the app has the name that it has in the build of the sources, and the version is another one."""
    paths = [path for path in FOLDER.rglob("*") if path.is_file() and path.suffix not in (".br", ".gz")]
    hashes = {found[0] for path in paths if (found := _HASH.search(path.as_posix()))}
    version = re.search(r'"version":"(\w+)"', (FOLDER / "_app/version.json").read_text())
    assert version
    other = {**{each: each[::-1] for each in hashes}, version[1]: version[1][::-1]}
    known = re.compile("|".join(map(re.escape, sorted(other))))
    for path in paths:
        target = folder / known.sub(lambda found: other[found[0]], path.relative_to(FOLDER).as_posix())
        target.parent.mkdir(parents=True, exist_ok=True)
        content = path.read_bytes()
        if path.suffix in _TEXT:
            content = known.sub(lambda found: other[found[0]], content.decode()).encode()
        target.write_bytes(content)
    return folder


def settings_of(build: Path, scripts: Path) -> Mapping[str, str]:
    """The environment of a service that serves it. Python runs `sitecustomize` before anything else."""
    scripts.mkdir(exist_ok=True)
    (scripts / "sitecustomize.py").write_text(_CUSTOM)
    return {"PYTHONPATH": f"{scripts}{os.pathsep}{os.environ.get('PYTHONPATH', '')}", "OTHER_BUILD": str(build)}
