"""`make release`: writes dist/ of the commit that is checked out."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from shutil import copytree, rmtree

from distribution.commit import NotReleasable, heading_of, releasable_commit, write_version
from distribution.files import SUMS, write_files

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"


def main() -> None:
    commit = releasable_commit(ROOT)
    version = commit.version()
    with tempfile.TemporaryDirectory(prefix="postroom-release-") as folder:
        source, made = Path(folder, "source"), Path(folder, "dist")
        made.mkdir()
        commit.write_sources(source)
        write_version(source, version)
        build_interface(source)
        write_files(source, made, commit.time)
        rmtree(DIST, ignore_errors=True)
        copytree(made, DIST)
    print(f"\n{(DIST / SUMS).read_text('utf-8')}")
    print(f"Postroom {version} of commit {commit.id[:12]} is in {DIST.relative_to(ROOT)}/")
    named, _, of_no_tag = version.partition("+")
    if of_no_tag:
        print(f"NOTE: the commit has no tag v{named}: tag it before you build what you publish")
    if "unreleased" in (heading_of(ROOT, version) or ""):
        print(f"NOTE: CHANGELOG.md calls {named} unreleased: commit its date before you publish this")


def build_interface(source: Path) -> None:
    """With the Node that requirements/web.txt pins: another one may compress the files to other bytes."""
    env = os.environ | {"POSTROOM_PINNED_NODE": "1"}
    subprocess.run([sys.executable, "web/build.py"], cwd=source, env=env, check=True)


if __name__ == "__main__":
    try:
        main()
    except NotReleasable as why:
        sys.exit(f"No release: {why}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"No release: `{' '.join(map(str, error.cmd))}` ended with exit code {error.returncode}")
    except KeyboardInterrupt:
        sys.exit(130)
