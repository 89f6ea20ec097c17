"""A newcomer follows the README."""

import json
import shutil
import socket
from collections.abc import AsyncGenerator
from pathlib import Path
from uuid import UUID, uuid4

import httpx2
import psutil
import pytest

from eventually import eventually
from mail_person import Person
from newcomer import OFFERED
from stalwart_stand_in import stalwart_stand_in
from trial import Trial, running_trial, trial

SHORT = {"POSTROOM_DELAY_FACTOR": "0.002", "POSTROOM_PACE": "0"}


@pytest.fixture(scope="module")
async def up(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Trial]:
    async with trial(tmp_path_factory.mktemp("trial"), **SHORT) as started:
        await started.up("--domain", "example.org", "--domain", "example.net")
        yield started


async def test_operator_finds_and_retries_a_dead_letter(up: Trial) -> None:
    identity_id = uuid4()
    await up.postroom("sandbox", "fault", "fail", "--word", "doomed")
    await up.hook(identity_id, "doomed@example.org")

    async def is_dead() -> bool:
        return (await up.json("log", str(identity_id)))["identities"][0]["request"]["state"] == "dead"

    # 60 + 300 + 1800 seconds, divided by five hundred.
    await eventually(is_dead, "the dead letter after the third retry", 60)
    (letter,) = [each for each in (await up.json("status"))["dead"] if each["email"] == "doomed@example.org"]
    assert letter["attempts"] == 4
    assert "postroom retry" in letter["fix"]
    await up.postroom("sandbox", "fault", "off")
    code, output = await up.postroom("retry", "doomed@example.org")
    assert code == 0, output

    async def is_there() -> bool:
        return "doomed@example.org" in await up.addresses()

    await eventually(is_there, "the mailbox after postroom retry", 20)
    rows = (await up.json("log", "doomed@example.org"))["identities"][0]["log"]
    assert [row["attempt_count"] for row in rows if row["status"] == "pending"] == [1, 2, 3, 4, 5]
    assert [row for row in rows if row["action"] == "retry" and row["actor"]]


async def test_check_finds_everything_fine(up: Trial) -> None:
    findings = await up.json("check")
    wrong = [each for each in findings if each["state"] != "ok"]
    # The shortened delays are reported as a warning; the version of a Stalwart is not known unless it is stated.
    assert [each["part"] for each in wrong] == ["settings", "Stalwart version"], wrong


async def test_postroom_up_on_an_unusable_port_is_rejected_and_names_the_port_option(tmp_path: Path) -> None:
    async with trial(tmp_path) as other:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            code, output = await other.postroom("up", "--port", str(taken.getsockname()[1]))
    assert code == 2
    (line,) = output.splitlines()
    assert "another program does" in line
    assert "--port 3077" in line
    assert not (tmp_path / ".postroom").exists()


async def test_postroom_up_with_own_servers_suggests_only_commands_that_work(tmp_path: Path) -> None:
    async with stalwart_stand_in(tmp_path) as server:
        own = {
            "POSTROOM_STALWART_URL": server.url,
            "POSTROOM_STALWART_API_KEY": server.api_key,
            "POSTROOM_KRATOS_ADMIN_URL": "http://127.0.0.1:9",
        }
        async with running_trial(tmp_path, **own) as started:
            code, refusal = await started.postroom("sandbox", "fault", "refuse")
            assert (code, "this trial uses a Stalwart of yours" in refusal) == (2, True)
            printed = await started.interrupt()
    assert "off: POSTROOM_KRATOS_PUBLIC_URL and POSTROOM_MAIL_MASTER or POSTROOM_ENCRYPTION_KEY must be set" in printed
    assert "postroom check" in printed
    assert "sandbox" not in printed.replace("/sandbox/", "")
    assert "/registration" not in printed


NOT_A_URL = "postgresql://u:pa%ss@db/x"


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (
            {"POSTROOM_STALWART_URL": "https://mail.example.org", "POSTROOM_PACEE": "1"},
            ["POSTROOM_STALWART_API_KEY is not set", "POSTROOM_PACEE"],
        ),
        (
            {"POSTROOM_DATABASE_URL": NOT_A_URL},
            ["postroom: POSTROOM_DATABASE_URL: a % in it is not the code of a character"],
        ),
        (
            {"POSTROOM_DATABASE_URL": "postgresql://u@127.0.0.1/x", "POSTROOM_MIGRATE_DATABASE_URL": NOT_A_URL},
            ["postroom: POSTROOM_MIGRATE_DATABASE_URL: a % in it is not the code of a character"],
        ),
    ],
)
async def test_postroom_up_reports_a_wrong_or_misspelt_setting_before_anything_starts(
    tmp_path: Path, wrong: dict[str, str], named: list[str]
) -> None:
    async with trial(tmp_path, **wrong) as started:
        code, output = await started.postroom("up", "--port", "0")
    assert code == 2
    assert [each for each in named if each not in output] == []
    assert "pa%ss" not in output
    assert "starting" not in output


async def test_damaged_data_folder_is_reported_in_one_line(tmp_path: Path) -> None:
    (tmp_path / ".postroom").mkdir()
    (tmp_path / ".postroom/postroom.lock").touch()
    (tmp_path / ".postroom/postgres").write_text("no folder")
    (tmp_path / ".postroom/postgres-place").mkdir()  # as root, this is read before `postgres`
    async with trial(tmp_path) as started:
        code, output = await started.postroom("up", "--port", "0")
        shutil.rmtree(tmp_path / ".postroom")
    assert code == 2
    said = output.splitlines()[-1]
    assert said.startswith(f"postroom: {tmp_path}/.postroom/postgres")
    assert "cannot be used" in said


async def test_ctrl_c_ends_the_whole_trial_and_the_next_up_keeps_its_data(tmp_path: Path) -> None:
    identity_id = UUID("8b9e4c7a-c3d6-4dae-a06a-acb8a03ece9a")
    async with running_trial(tmp_path) as started:
        first = (await started.hook(identity_id, "bob@example.org")).json()
        family = started.family()
        assert "Stopped" in await started.interrupt()
        _, alive = psutil.wait_procs(family, timeout=5)
        assert not alive
        # Another domain comes first. The mark domain stays the same, otherwise the service would refuse to start.
        await started.up("--domain", "example.net", "--domain", "example.org")
        assert (await started.hook(identity_id, "bob@example.org")).json() == first
        assert (await started.hook(uuid4(), "bob@example.net")).status_code == 200
        await started.interrupt()
        await started.up("--fresh")
        assert await started.addresses() == []


async def test_first_start_fills_a_mailbox_whose_login_it_prints_and_the_second_does_not_fill_it_again(
    tmp_path: Path,
) -> None:
    async with trial(tmp_path) as started:
        for _ in range(2):
            await started.up(empty=False)
            login = json.loads((tmp_path / ".postroom/trial.json").read_text())["person"]
            async with httpx2.AsyncClient(trust_env=False) as http:
                url = f"{started.environment['POSTROOM_KRATOS_PUBLIC_URL']}/self-service/login"
                flow = (await http.get(f"{url}/api")).json()["id"]
                form = {"method": "password", "identifier": login["address"], "password": login["password"]}
                answer = await http.post(url, params={"flow": flow}, json=form)
                http.headers["X-Session-Token"] = answer.raise_for_status().json()["session_token"]
                http.base_url = started.environment["POSTROOM_URL"]
                session = (await http.get("/jmap/session")).raise_for_status().json()
                account = session["primaryAccounts"]["urn:ietf:params:jmap:mail"]
                boxes = (await Person(http, account, login["address"], using=OFFERED).call("Mailbox/get"))["list"]
            assert sum(box["totalEmails"] for box in boxes) == 200 + 1  # and the welcome message
            printed = await started.interrupt()
            assert f"{login['address']}, password {login['password']}, with 200 mails" in printed
