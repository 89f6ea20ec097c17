"""The transcript in the docs is what the trial prints. POSTROOM_WRITE_DOCS=1 records it again, which takes seven
minutes."""

import asyncio
import os
import shutil
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

import transcript
from tests.missing import Missing, skip_without
from trial import running_trial

RECORDS = bool(os.environ.get("POSTROOM_WRITE_DOCS"))
FACTOR = 1 if RECORDS else 0.1
NEEDED = ("bash", "curl", "jq", "redis-cli")


@pytest.mark.timeout(900 if RECORDS else 240)
async def test_the_transcript_is_what_the_trial_prints(tmp_path: Path) -> None:
    if missing := [name for name in NEEDED if shutil.which(name) is None]:
        skip_without("tools of the docs", Missing(f"not installed: {', '.join(missing)}"))
    recorded: list[transcript.Step] = []
    async with running_trial(tmp_path, **({} if RECORDS else {"POSTROOM_DELAY_FACTOR": str(FACTOR)})) as up:
        for step in transcript.steps():
            await asyncio.sleep(step.later * FACTOR)  # commands that are run again and again take the processor
            if RECORDS:
                recorded.append(replace(step, output=await transcript.run(step, tmp_path, up.environment)))
                continue
            expected = transcript.masked(step.output)
            deadline = time.monotonic() + (30 if step.later else 0)
            printed = transcript.masked(await transcript.run(step, tmp_path, up.environment))
            while printed != expected and time.monotonic() < deadline:
                await asyncio.sleep(0.3)
                printed = transcript.masked(await transcript.run(step, tmp_path, up.environment))
            assert printed == expected, step.command
    if RECORDS:
        transcript.write(recorded, datetime.now(UTC).strftime("%Y-%m-%d"))
