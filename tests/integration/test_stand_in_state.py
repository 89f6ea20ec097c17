"""What the stand-ins do if their state file is damaged."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.stand_in

COMMANDS = {
    "stalwart": ["--domain", "example.org"],
    "kratos": ["--public-port", "0", "--admin-port", "0", "--hook-url", "http://127.0.0.1:9/internal/mail/provision"],
}


@pytest.mark.parametrize("stand_in", COMMANDS)
async def test_damaged_state_file_is_reported_in_one_line_with_the_fix(stand_in: str, tmp_path: Path) -> None:
    (tmp_path / f"{stand_in}.sqlite3").write_text("no database, " * 100)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"postroom_sandbox.{stand_in}", "--state", tmp_path, *COMMANDS[stand_in]),
        env=os.environ | {"POSTROOM_WEBHOOK_KEY": "key-of-the-tests-0123456789"},
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 1
    (line,) = errors.decode().splitlines()
    assert "file is not a database" in line
    assert "--fresh" in line
