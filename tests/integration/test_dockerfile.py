"""BuildKit's own parser accepts the Dockerfile: `docker build` reads it so; buildah, by which the image is tested, does
not."""

import asyncio
import subprocess

import pytest

from built_release import ROOT
from tests.go_programs import DOCKERFILE_PARSER

DOCKERFILE = (ROOT / "Dockerfile").read_text()


async def parsed(text: str) -> subprocess.CompletedProcess[str]:
    program = await asyncio.to_thread(DOCKERFILE_PARSER.found_or_skipped)
    return subprocess.run([program], input=text, capture_output=True, text=True, check=False)


async def test_buildkit_accepts_the_dockerfile_without_a_warning() -> None:
    ran = await parsed(DOCKERFILE)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


@pytest.mark.parametrize("broken", ["COPYY dist/ /release/", "HEALTHCHECK --interval=soon CMD true", "USER"])
async def test_buildkit_refuses_a_broken_dockerfile(broken: str) -> None:
    ran = await parsed(f"{DOCKERFILE}\n{broken}\n")
    assert ran.returncode == 1
    assert ran.stderr


async def test_buildkit_warns_of_a_dockerfile_that_may_surprise() -> None:
    assert "StageNameCasing" in (await parsed(DOCKERFILE.replace("AS build", "AS Build"))).stdout
