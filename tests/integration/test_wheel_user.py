"""README's commands for whoever has the files of a release, in a folder that holds nothing else of the project."""

import asyncio
import os
import shutil
import signal
import sys
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest

from built_release import Release, copied_sources, released, settings_to_serve
from command_blocks import blocks
from eventually import eventually
from postroom_sandbox.loopback import LOOPBACK, free_port
from servers import Database

(BLOCK,) = [block for block in blocks() if block.tags == ("wheel",)]
COMMANDS = [line.partition("  #")[0] for line in BLOCK.commands.replace("\\\n", "").splitlines()]


async def shell(command: str, folder: Path, env: dict[str, str]) -> asyncio.subprocess.Process:
    """In a process session of its own, so that all that it starts ends with it."""
    return await asyncio.create_subprocess_exec(
        *("sh", "-c", command),
        cwd=folder,
        env=env,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )


async def output(command: str, folder: Path, env: dict[str, str], *, code: int = 0) -> str:
    process = await shell(command, folder, env)
    said, _ = await process.communicate()
    assert process.returncode == code, said.decode()
    return said.decode()


async def test_upgrade_of_the_guide_leads_from_each_build_to_the_next_and_back(
    release: Release, tmp_path: Path
) -> None:
    """Two builds of one version: pip took the second for the first. Of the commands of install.md, those run that do
    not ask a package index."""
    (block,) = [block for block in blocks() if 'ln -sfn "$version" /opt/postroom/current' in block.commands]
    lines = [line for line in block.commands.splitlines() if "apt-get" not in line and "run.txt" not in line]
    opt = tmp_path / "opt"
    upgrade = "set -e\n" + "\n".join(lines).replace("/opt/postroom", str(opt))
    env = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PIP_NO_COMPILE": "1"}

    async def installed() -> str:
        name = "from importlib.metadata import version; print(version('postroom'))"
        return (await output(f'{opt}/current/bin/python -c "{name}"', tmp_path, env)).strip()

    next_build = released(copied_sources(tmp_path / "source", "fedcba987654"), tmp_path / "next")
    for build in (release, next_build):
        shutil.rmtree(tmp_path / "dist", ignore_errors=True)
        shutil.copytree(build.folder, tmp_path / "dist")
        await output(upgrade, tmp_path, env)
        assert await installed() == build.version
    await output(f"ln -sfn {release.version} {opt}/current", tmp_path, env)
    assert await installed() == release.version
    shutil.rmtree(opt)


@pytest.mark.timeout(300)  # the first command downloads what the machine has not kept
async def test_commands_of_the_readme_run_the_wheel(release: Release, database: Database, tmp_path: Path) -> None:
    for path in release.folder.iterdir():
        shutil.copy(path, tmp_path)
    port = free_port()
    settings = settings_to_serve(database, port)
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("POSTROOM_", "PYTHON", "VIRTUAL"))
    }
    env = kept | settings | {"PIP_NO_COMPILE": "1"}  # Python compiles what is loaded, which is far less
    assert len(COMMANDS) == 3
    install, migrate, serve = COMMANDS
    await output(install, tmp_path, env)
    assert "schema is at revision" in await output(migrate, tmp_path, env)

    postroom = ".venv/bin/postroom"
    assert await output(f"{postroom} --version", tmp_path, env) == f"postroom {release.version}\n"
    assert "the trial, which is not installed" in await output(f"{postroom} up", tmp_path, env, code=2)
    await output(f"{postroom} setup files --write deploy", tmp_path, env)
    assert (tmp_path / "deploy/systemd/postroom-serve.service").is_file()

    serving = await shell(f"exec {serve}", tmp_path, env)
    try:
        async with httpx2.AsyncClient(base_url=f"http://{LOOPBACK}:{port}", trust_env=False) as http:

            async def ready() -> bool:
                with suppress(httpx2.TransportError):
                    return (await http.get("/health/ready")).status_code == 200
                return False

            await eventually(ready, "the service is ready", within=30)
            assert "<html" in (await http.get("/", headers={"Accept": "text/html"})).text
        assert await output(f"{postroom} health --ready", tmp_path, env) == "ok\n"
        serving.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(serving.wait(), 30) == 0
    finally:
        with suppress(ProcessLookupError):
            os.killpg(serving.pid, signal.SIGKILL)
        await serving.communicate()
    assert f"http://{LOOPBACK}:{port}/health/live: " in await output(f"{postroom} health", tmp_path, env, code=1)
    shutil.rmtree(tmp_path / ".venv")  # pytest would keep its hundred megabytes
