"""BuildKit's own parser accepts the Dockerfile, and sees in it what the tests of the image do."""

import asyncio
import json
import subprocess
from typing import Any

import pytest

from dockerfile_steps import ROOT, dockerfile_steps, stages
from tests.go_programs import DOCKERFILE_PARSER

DOCKERFILE = (ROOT / "Dockerfile").read_text()


async def parsed(text: str) -> subprocess.CompletedProcess[str]:
    program = await asyncio.to_thread(DOCKERFILE_PARSER.found_or_skipped)
    return subprocess.run([program], input=text, capture_output=True, text=True, check=False)


async def test_buildkit_accepts_the_dockerfile_and_sees_the_steps_that_are_tested() -> None:
    ran = await parsed(DOCKERFILE)
    assert ran.returncode == 0, ran.stderr
    seen: Any = json.loads(ran.stdout)
    assert seen["warnings"] == []
    ours = list(stages(list(dockerfile_steps(DOCKERFILE))))
    assert [each["steps"] for each in seen["stages"]] == [[step.instruction for step in each[1:]] for each in ours]
    assert [each["base"] for each in seen["stages"]] == [each[0].words()[0] for each in ours]


@pytest.mark.parametrize("broken", ["COPYY dist/ /release/", "HEALTHCHECK --interval=soon CMD true", "USER"])
async def test_buildkit_refuses_a_broken_dockerfile(broken: str) -> None:
    ran = await parsed(f"{DOCKERFILE}\n{broken}\n")
    assert ran.returncode == 1
    assert ran.stderr
