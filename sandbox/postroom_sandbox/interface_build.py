"""Builds the web interface while the trial runs, so that nobody waits for it before everything else is up."""

import asyncio
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import Callable
from pathlib import Path

import postroom

SCRIPT = Path(postroom.__file__).parents[2] / "web/build.py"
"""In the sources, from which `make up` runs. Who installed a wheel has the interface in it."""

_STOPPED_WITHIN = 10.0


async def build_interface(say: Callable[[str], None]) -> None:
    """Run the build, and `say` its lines: they also say why it failed, which ends no trial. The child ends with us,
    also after `kill -9`: then its standard input ends."""
    if not SCRIPT.exists():
        return
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, SCRIPT, "--until-eof"), stdin=PIPE, stdout=PIPE, stderr=STDOUT, start_new_session=True
    )
    assert child.stdout
    try:
        async for line in child.stdout:
            say(line.decode(errors="replace").rstrip())
        await child.wait()
    finally:
        if child.returncode is None:
            await _stop(child)


async def _stop(child: asyncio.subprocess.Process) -> None:
    child.terminate()
    try:
        async with asyncio.timeout(_STOPPED_WITHIN):
            await child.wait()
    except TimeoutError:
        child.kill()
        await child.wait()
