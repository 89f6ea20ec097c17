"""Features that only the stand-in for Kratos has: pages, faults, persistent state, and that it exits with its
parent."""

import asyncio
import os
import re
import signal
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx2
import pytest

from eventually import eventually
from kratos_servers import PASSWORD, Kratos, kratos_stand_in
from postroom_sandbox.loopback import LOOPBACK, free_port

pytestmark = pytest.mark.stand_in

KEY = "key of the hook"


def nowhere() -> str:
    """A webhook URL on which nothing listens."""
    return f"http://{LOOPBACK}:{free_port()}/internal/mail/provision"


class Form(HTMLParser):
    """Submit the first form of a page, as a browser without scripts does."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.labelled: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = values["action"]
        elif tag in ("input", "button"):
            self.fields[values["name"]] = values["value"]
        elif tag == "label":
            self.labelled.add(values["for"])


async def control(kratos: Kratos) -> Any:
    return (await kratos.http.get(f"{kratos.admin_url}/_sandbox/state")).raise_for_status().json()


async def fault(kratos: Kratos, kind: str, **options: int) -> None:
    answer = await kratos.http.put(f"{kratos.admin_url}/_sandbox/faults", json={"kind": kind, **options})
    answer.raise_for_status()


async def delivery(kratos: Kratos, email: str) -> None:
    """Wait until the webhook for that address was attempted."""

    async def there() -> bool:
        return email in {each["email"] for each in (await control(kratos))["deliveries"]}

    await eventually(there, f"a delivery for {email}")


async def test_person_registers_in_the_browser_and_sees_the_identity(tmp_path: Path) -> None:
    async with (
        kratos_stand_in(tmp_path, hook_url=nowhere(), hook_key=KEY) as kratos,
        httpx2.AsyncClient(base_url=kratos.public_url, follow_redirects=True, trust_env=False) as browser,
    ):
        page = (await browser.get("/registration")).text
        assert "stand-in for Ory Kratos" in page

        form = Form(page)
        assert form.labelled == {"traits.email", "traits.name", "password"}
        wrong = await browser.post(form.action, data={**form.fields, "traits.email": '"><b>', "password": PASSWORD})
        assert 'role="alert"' in wrong.text
        assert "<b>" not in wrong.text

        form = Form(wrong.text)
        data = {**form.fields, "traits.email": "Ada@example.org", "traits.name": "Ada L.", "password": PASSWORD}
        welcome = await browser.post(form.action, data=data)
        [identity] = (await kratos.http.get(f"{kratos.admin_url}/admin/identities")).json()
        assert identity["traits"] == {"email": "Ada@example.org", "name": "Ada L."}
        assert f'<code id="identity-id">{identity["id"]}</code>' in welcome.text

        await delivery(kratos, "Ada@example.org")
        assert "no response" in (await browser.get("/welcome")).text
        # The next person may use the same browser.
        assert Form((await browser.get("/registration")).text).action


async def test_person_recovers_a_forgotten_password_in_the_browser(tmp_path: Path) -> None:
    async with (
        kratos_stand_in(tmp_path, hook_url=nowhere(), hook_key=KEY) as kratos,
        httpx2.AsyncClient(base_url=kratos.public_url, follow_redirects=True, trust_env=False) as browser,
    ):
        await kratos.register("ada@example.org")
        form = Form((await browser.get("/recovery")).text)
        sent = (await browser.post(form.action, data={**form.fields, "email": "ada@example.org"})).text
        assert 'href="/mails"' in sent
        found = re.search(r"recover access.*?(\d{6})", (await browser.get("/mails")).text, re.DOTALL)
        assert found
        form = Form(sent)
        del form.fields["email"]  # this button sends another code
        page = await browser.post(form.action, data={**form.fields, "code": found.group(1)})
        assert (page.url.path, "data:image/png;base64," in page.text) == ("/settings", True)
        form = Form(page.text)
        data = {**form.fields, "method": "password", "password": "another long phrase"}
        assert "have been saved" in (await browser.post(form.action, data=data)).text
        # A person who is logged in is redirected by the login page, unless a fresh login is required.
        assert (await browser.get("/self-service/login/browser")).url.path == "/welcome"
        await kratos.http.put(f"{kratos.admin_url}/_sandbox/old-logins")
        refused = await browser.post(form.action, data=data)
        assert (refused.url.path, "confirm this action" in refused.text) == ("/login", True)
        form = Form(refused.text)
        data = {**form.fields, "identifier": "ada@example.org", "password": "another long phrase"}
        done = await browser.post(form.action, data=data)
        assert (done.url.path, "have been saved" in done.text) == ("/settings", True)


async def test_kratos_stand_in_identities_sessions_and_faults_survive_kill_9(tmp_path: Path) -> None:
    async with kratos_stand_in(tmp_path, hook_url=nowhere(), hook_key=KEY) as kratos:
        registered = await kratos.sign_up("ada@example.org")
        await fault(kratos, "slow", delay_ms=1)
        assert kratos.pid
        os.kill(kratos.pid, signal.SIGKILL)
    async with kratos_stand_in(tmp_path, hook_url=nowhere(), hook_key=KEY) as kratos:
        whoami = await kratos.whoami(registered["session_token"])
        assert whoami.json()["identity"] == registered["identity"]
        login = await kratos.submit(await kratos.flow("login"), identifier="ada@example.org", password=PASSWORD)
        assert login.status_code == 200
        assert (await control(kratos))["faults"] == [{"kind": "slow", "delay_ms": 1}]


def arguments(folder: Path, port: int, admin_port: int) -> list[str]:
    ports = ["--public-port", str(port), "--admin-port", str(admin_port)]
    return [sys.executable, "-m", "postroom_sandbox.kratos", "--state", str(folder), *ports, "--hook-url", nowhere()]


async def test_page_whose_name_leads_to_loopback_reads_no_code_of_the_stand_in(tmp_path: Path) -> None:
    async with kratos_stand_in(tmp_path, hook_url=nowhere(), hook_key=KEY) as kratos:
        for url in (f"{kratos.admin_url}/admin/courier/messages", f"{kratos.public_url}/self-service/login/browser"):
            for host, status in (("evil.example", 421), ("localhost", 200)):
                headers = {"Host": host, "Accept": "application/json"}
                assert (await kratos.http.get(url, headers=headers)).status_code == status


async def test_kratos_stand_in_exits_when_its_parent_is_gone(tmp_path: Path) -> None:
    port = free_port()
    argv = [*arguments(tmp_path, port, free_port()), "--until-eof"]
    env = os.environ | {"POSTROOM_WEBHOOK_KEY": KEY}
    process = await asyncio.create_subprocess_exec(*argv, stdin=asyncio.subprocess.PIPE, env=env)
    try:
        async with httpx2.AsyncClient(trust_env=False) as http:
            await eventually(lambda: answers(http, f"http://{LOOPBACK}:{port}/health/alive"), "it answers")
        assert process.stdin
        process.stdin.close()  # as the kernel does when the parent is killed
        async with asyncio.timeout(20):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def answers(http: httpx2.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(url)).status_code == 200
    except httpx2.TransportError:
        return False


# Faults


async def test_each_kratos_stand_in_fault_works_until_it_is_cleared(tmp_path: Path) -> None:
    async with kratos_stand_in(tmp_path, hook_url=nowhere(), hook_key=KEY) as kratos:
        token = (await kratos.sign_up("ada@example.org"))["session_token"]
        identities = f"{kratos.admin_url}/admin/identities"

        await fault(kratos, "refuse")
        for url in (identities, f"{kratos.public_url}/sessions/whoami"):
            with pytest.raises(httpx2.TransportError):
                await kratos.http.get(url)
        await clear(kratos)

        await fault(kratos, "unavailable")
        assert (await kratos.http.get(identities)).status_code == 503
        assert (await kratos.whoami(token)).status_code == 503
        await clear(kratos)

        await fault(kratos, "sick")
        assert (await kratos.whoami(token)).status_code == 401
        for base in (kratos.public_url, kratos.admin_url, f"{kratos.admin_url}/admin"):
            assert (await kratos.http.get(f"{base}/health/ready")).status_code == 503
            assert (await kratos.http.get(f"{base}/health/alive")).status_code == 200
        await clear(kratos)

        await fault(kratos, "slow", delay_ms=300)
        started = asyncio.get_running_loop().time()
        assert (await kratos.whoami(token)).status_code == 200
        assert asyncio.get_running_loop().time() - started >= 0.3
        await clear(kratos)

        await fault(kratos, "drop-hooks")
        await kratos.register("dropped@example.org")
        await clear(kratos)
        await kratos.register("sent@example.org")
        await delivery(kratos, "sent@example.org")
        reported = {d["email"] for d in (await control(kratos))["deliveries"]}
        assert reported == {"ada@example.org", "sent@example.org"}


async def clear(kratos: Kratos) -> None:
    (await kratos.http.delete(f"{kratos.public_url}/_sandbox/faults")).raise_for_status()
