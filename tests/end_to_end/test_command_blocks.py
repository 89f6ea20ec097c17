"""The commands of README and docs run as they stand, in the folder of a trial: the same one for all documents."""

import asyncio
import os
import shutil
import signal
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from command_blocks import Block, blocks
from tests.missing import Missing, skip_without
from trial import running_trial

WITHIN = 180.0
NEEDED = ("bash", "curl", "jq", "redis-cli")
PLAIN: dict[str, list[Block]] = defaultdict(list)
for each in blocks():
    if "plain" in each.tags:
        PLAIN[each.document].append(each)


@pytest.fixture(scope="module")
async def folder(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Path]:
    """Of a running trial."""
    if missing := [name for name in NEEDED if shutil.which(name) is None]:
        skip_without("tools of the docs", Missing(f"not installed: {', '.join(missing)}"))
    async with running_trial(tmp_path_factory.mktemp("docs")) as up:
        yield up.folder


@pytest.mark.parametrize("document", PLAIN)
async def test_plain_command_blocks_of_the_documentation_run_unchanged(document: str, folder: Path) -> None:
    script = "\n".join(
        [
            "set -euo pipefail",
            f'export PATH="{Path(sys.executable).parent}:$PATH"',
            'eval "$(postroom env)"',
            *(f"echo '== {block.document}:{block.line}'\n{block.commands}" for block in PLAIN[document]),
        ]
    )
    code, output = await _run(script, folder)
    assert code == 0, output


async def _run(script: str, folder: Path) -> tuple[int, str]:
    """In a process session of its own, so that everything that a block leaves running can be ended with it."""
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", script),
        cwd=folder,
        env={k: v for k, v in os.environ.items() if not k.startswith("POSTROOM_")},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        stdin=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    reading = asyncio.create_task(process.stdout.read()) if process.stdout else None
    try:
        async with asyncio.timeout(WITHIN):
            code = await process.wait()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert reading
    return code, (await reading).decode()
