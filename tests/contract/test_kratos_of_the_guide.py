"""The commands of docs/how-to/install.md make a folder with which the real Kratos starts and calls Postroom."""

import asyncio
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import httpx2

from command_blocks import blocks
from eventually import eventually
from kratos_servers import Kratos
from postroom.setup.deployed_files import ROOT
from postroom_sandbox.loopback import LOOPBACK, free_port
from postroom_sandbox.processes import Process
from scripted_upstream import http_answer, scripted_upstream
from tests.go_programs import KRATOS

KEY = "key-of-the-webhook-0123456789012"
(GUIDE,) = [block.commands for block in blocks() if "/etc/systemd/system/kratos.service" in block.commands]
NOT_HERE = "useradd() { :; }; runuser() { cat > /dev/null; }; chown() { :; }; systemctl() { :; }; curl() { :; }"
"""The commands of the guide that would change more of the host than files."""


def here(text: str, folder: Path) -> str:
    """With the paths below `folder` instead of /etc."""
    return text.replace("/etc/postroom/deploy", str(ROOT)).replace("/etc/", f"{folder}/etc/")


async def test_kratos_starts_with_what_the_guide_writes_and_finds_every_file_that_it_names(tmp_path: Path) -> None:
    program = await asyncio.to_thread(KRATOS.found_or_skipped)
    async with scripted_upstream() as postroom, httpx2.AsyncClient(trust_env=False, timeout=10) as http:
        postroom.will(http_answer(200))
        commands = here(GUIDE, tmp_path).replace(" -o kratos", "")
        commands = commands.replace("--write", f"--url {postroom.url} --write")
        ours = f"{shlex.quote(sys.executable)} -m postroom"
        (tmp_path / "etc/systemd/system").mkdir(parents=True)
        env = os.environ | {"POSTROOM_WEBHOOK_KEY": KEY, "POSTROOM_PUBLIC_URL": "https://mail.example.org"}
        script = f'{NOT_HERE}; postroom() {{ {ours} "$@"; }}\n{commands}'
        subprocess.run(["bash", "-ec", script], env=env, cwd=tmp_path, check=True, capture_output=True)

        shipped = tmp_path / "etc/kratos/kratos.yml"
        shipped.write_text(here(shipped.read_text(), tmp_path))
        unit = (tmp_path / "etc/systemd/system/kratos.service").read_text()
        unit = unit.replace("/usr/local/bin/kratos", str(program))
        (before,) = re.findall(r"^ExecStartPre=(.*)$", unit, re.MULTILINE)
        (serve,) = re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
        public, admin = free_port(), free_port()
        settings = os.environ | {
            "DSN": f"sqlite://{tmp_path}/kratos.sqlite?_fk=true&mode=rwc",
            "SERVE_PUBLIC_PORT": str(public),
            "SERVE_ADMIN_PORT": str(admin),
            "SELFSERVICE_FLOWS_REGISTRATION_ENABLE_LEGACY_ONE_STEP": "true",
            "SELFSERVICE_METHODS_PASSWORD_CONFIG_HAVEIBEENPWNED_ENABLED": "false",
        }
        await asyncio.to_thread(subprocess.run, before.split(), env=settings, check=True, capture_output=True)
        kratos = Kratos(f"http://{LOOPBACK}:{public}", f"http://{LOOPBACK}:{admin}", http)
        process = Process("Kratos 1.3.1", serve.split(), env=settings, log=tmp_path / "kratos.log")
        await process.spawn()
        try:
            await process.until_ready(kratos.is_ready)
            await kratos.sign_up("alice@example.org", name="Alice")
            await eventually(lambda: any(each.complete for each in postroom.asked), "the webhook was called", within=20)
        finally:
            await process.stop((signal.SIGTERM, 5))
    (asked,) = postroom.asked
    assert json.loads(asked.body)["identity"]["traits"]["email"] == "alice@example.org"
