"""The image, built of our Dockerfile by buildah and run by podman: what it adds, as whom it runs, whether it serves on
a read-only root."""

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from shutil import copy, copytree

import httpx2
import pytest

from built_release import ROOT, Release, settings_to_serve
from engine import Engine, confined, engine
from eventually import eventually
from postroom_sandbox.loopback import LOOPBACK, free_port
from servers import Database

MOST_ADDED = 120_000_000
FIXED_UID = 10001
IMAGE = "localhost/postroom"

pytestmark = pytest.mark.timeout(900)  # it downloads a hundred megabytes, if there is no base yet


def base_of(dockerfile: str) -> str:
    """The default of the argument, which each stage takes: a tag, so that whoever builds gets its security fixes."""
    (base,) = re.findall(r"^ARG BASE=(python:3\.\d+-slim)$", dockerfile, re.MULTILINE)
    assert set(re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)) == {"${BASE}"}
    return base


BASE = base_of((ROOT / "Dockerfile").read_text())


@pytest.fixture(scope="module")  # before the release, which takes a while
def installed() -> Iterator[Engine]:
    with engine(f"docker.io/library/{BASE}") as found:
        yield found


@pytest.fixture(scope="module")
def image(installed: Engine, release: Release, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """The engine, with the image."""
    context = tmp_path_factory.mktemp("context")
    copytree(release.folder, context / "dist")
    for name in ("Dockerfile", ".dockerignore"):
        copy(ROOT / name, context)
    installed.build(context, IMAGE, f"--build-arg=VERSION={release.version}")
    return installed


def test_base_of_these_tests_is_what_the_dockerfile_names(installed: Engine) -> None:
    release = installed.output(BASE, "cat", "/etc/os-release")
    assert 'VERSION_ID="13"' in release
    assert installed.output(BASE, "python3", "--version").startswith(f"Python {BASE[len('python:') : -len('-slim')]}.")


def test_image_adds_little_to_its_base_and_nothing_elsewhere(image: Engine) -> None:
    size = image.image(IMAGE)["Size"] - image.image(BASE)["Size"]
    assert 0 < size <= MOST_ADDED, f"{size / 1e6:.1f} MB"
    elsewhere = {path for path in image.changed(IMAGE) if not path.startswith(("/opt", "/etc/"))}
    assert elsewhere <= {"/etc", "/var", "/var/log", "/var/log/lastlog", "/var/log/faillog"}


def test_image_has_no_installer_no_stand_in_and_no_file_that_others_own_or_all_may_write(image: Engine) -> None:
    packages = set(image.output(IMAGE, "sh", "-c", "ls /opt/postroom/lib/python*/site-packages").split())
    assert "postroom" in packages
    assert not {"pip", "setuptools", "postroom_sandbox"} & packages
    wrong = "find /opt ( ! -type l -perm /6002 ) -o ! -user 0 -o ! -group 0"
    assert image.output(IMAGE, *wrong.split()) == ""


NOT_COMPILED = """
import sys, pathlib, postroom.cli.service, postroom.composition.process
UNCHECKED_HASH = bytes([1, 0, 0, 0])  # PEP 552
for each in sys.modules.values():
    if (getattr(each, "__file__", None) or "").endswith(".py") and each.__file__.startswith("/opt"):
        compiled = pathlib.Path(each.__cached__)
        if not compiled.exists() or compiled.read_bytes()[4:8] != UNCHECKED_HASH:
            print(each.__name__)
print("all seen")
"""


def test_what_the_service_loads_is_compiled_in_the_image(image: Engine) -> None:
    """The root is read-only: what is not compiled is compiled again at each start, as is what looks older than its
    source because the time of the file got lost on its way."""
    assert image.output(IMAGE, "python", "-c", NOT_COMPILED) == "all seen\n"


def test_bill_of_materials_of_the_image_names_what_is_installed(image: Engine) -> None:
    listed = json.loads(image.output(IMAGE, "cat", "/opt/postroom/sbom.cdx.json"))
    named = {each["purl"] for each in listed["components"]}
    asked = "import importlib.metadata as m; print(*(f'pkg:pypi/{d.name.lower().replace(chr(95), chr(45))}@{d.version}'"
    installed = image.output(IMAGE, "python", "-c", f"{asked} for d in m.distributions()))").split()
    assert {each for each in installed if not each.startswith("pkg:pypi/postroom@")} <= named
    assert "postroom" in {each.removeprefix("pkg:pypi/").partition("@")[0] for each in installed}


def test_image_runs_as_a_fixed_user_without_capabilities_who_can_write_nothing_but_tmp(image: Engine) -> None:
    assert image.image(IMAGE)["Config"]["User"] == f"{FIXED_UID}:{FIXED_UID}"
    assert image.output(IMAGE, "id", "-un") == "postroom\n"
    status = image.output(IMAGE, "cat", "/proc/self/status")
    assert set(re.findall(r"^(?:Uid|Gid|Groups):\s*(.*?)\s*$", status, re.MULTILINE)) == {
        "\t".join([f"{FIXED_UID}"] * 4),
        f"{FIXED_UID}",
    }
    assert set(re.findall(r"^Cap\w+:\s*(\w+)$", status, re.MULTILINE)) == {"0" * 16}
    tried = "touch /opt/postroom/x 2>&1; touch /tmp/x && echo written"
    assert re.fullmatch(r".*Read-only file system\nwritten\n", image.output(IMAGE, "sh", "-c", tried))


def test_image_prints_its_version_and_is_labelled_with_it(image: Engine, release: Release) -> None:
    assert image.must("podman", "run", "--rm", *confined(), IMAGE, "--version") == f"postroom {release.version}\n"
    assert image.image(IMAGE)["Labels"]["org.opencontainers.image.version"] == release.version


async def test_image_serves_on_a_read_only_root_until_it_is_stopped_and_its_health_check_notices(
    image: Engine, database: Database
) -> None:
    port = free_port()
    options = confined(settings_to_serve(database, port))
    await asyncio.to_thread(image.must, "podman", "run", "--rm", *options, IMAGE, "migrate")
    await asyncio.to_thread(image.must, "podman", "run", "--detach", "--name=serve", *options, IMAGE)

    async def healthy() -> bool:
        return (await asyncio.to_thread(image.run, "podman", "healthcheck", "run", "serve")).returncode == 0

    await eventually(healthy, "its health check answers 0", within=30)
    async with httpx2.AsyncClient(base_url=f"http://{LOOPBACK}:{port}", trust_env=False) as http:
        assert (await http.get("/health/ready")).json() == {"status": "ok"}
        page = await http.get("/", headers={"Accept": "text/html"})
    assert "<html" in page.text
    await asyncio.to_thread(image.must, "podman", "kill", "--signal=STOP", "serve")
    assert not await healthy()
    await asyncio.to_thread(image.must, "podman", "kill", "--signal=CONT", "serve")
    await asyncio.to_thread(image.must, "podman", "stop", "--time=30", "serve")
    assert await asyncio.to_thread(image.must, "podman", "wait", "serve") == "0\n"


def test_context_of_the_image_holds_the_release_and_no_other_file(installed: Engine, tmp_path: Path) -> None:
    allowed = {"dist/postroom-1.2.3-py3-none-any.whl", "dist/postroom-1.2.3.cdx.json", "dist/run.txt"}
    others = {".env", ".git/config", "dist/postroom_sandbox-1.2.3-py3-none-any.whl", "dist/trial.txt", "README.md"}
    for name in allowed | others:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    copy(ROOT / ".dockerignore", tmp_path)
    (tmp_path / "Dockerfile").write_text(f"FROM {BASE}\nCOPY . /context\n")
    installed.build(tmp_path, "localhost/context")
    seen = installed.output("localhost/context", "find", "/context", "-type", "f", "-printf", "%P\\n")
    assert set(seen.split()) == allowed
