"""What `postroom up` suggests works with the parts that the trial has."""

import shlex
from collections.abc import Sequence
from pathlib import Path

import pytest

from postroom_sandbox.data_folder import DEFAULT_DATA_FOLDER
from postroom_sandbox.things_to_try import RunningTrial, things_to_try

ENVIRONMENT = {
    "POSTROOM_URL": "http://127.0.0.1:3001",
    "POSTROOM_DOMAINS": "example.net,example.org",
    "POSTROOM_WEBHOOK_KEY": "a key with a ' in it",
    "POSTROOM_KRATOS_PUBLIC_URL": "http://127.0.0.1:4433",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def suggested(
    own: Sequence[str] = (), missing: Sequence[str] = (), data: Path = DEFAULT_DATA_FOLDER, **more: str
) -> str:
    return "\n\n".join(things_to_try(RunningTrial(ENVIRONMENT | more, own, missing, data.resolve())))


def test_trial_with_stand_ins_suggests_a_fault_and_the_next_steps() -> None:
    (fault,) = [each for each in suggested().split("\n\n") if "sandbox fault fail" in each]
    commands = [line for line in fault.splitlines() if not line.startswith("#")]
    assert commands[0] == "postroom sandbox fault fail --word should-fail"
    assert "should-fail@example.net" in commands[1]
    assert commands[2:] == ["postroom log should-fail@example.net", "postroom sandbox fault off"]
    assert "retry comes after 60 s" in fault.replace("\n#   ", "")
    assert "after 3 s" in suggested(POSTROOM_DELAY_FACTOR="0.05")


@pytest.mark.parametrize(
    ("own", "present", "absent"),
    [
        ("Stalwart", ["postroom check", "http://127.0.0.1:3001/sign-up"], "sandbox"),
        ("Kratos", ["deploy/kratos/README.md", "sandbox deliver you@example.net"], "/sign-up"),
    ],
)
def test_trial_with_an_own_server_suggests_nothing_of_the_stand_in(own: str, present: list[str], absent: str) -> None:
    text = suggested([own])
    assert absent not in text
    assert [each for each in present if each not in text] == []


def test_trial_without_mail_suggests_nothing_about_mail() -> None:
    assert "sandbox deliver" in suggested()
    assert "sandbox deliver" not in suggested(missing=["POSTROOM_MAIL_MASTER"])


def test_suggested_commands_quote_the_key_and_the_folder(tmp_path: Path) -> None:
    data = tmp_path / "it's mine"
    find, *lines = [line for line in suggested(data=data).splitlines() if line and not line.startswith("#")]
    assert find == f'eval "$(postroom env --data {shlex.quote(str(data))})"'
    commands = [shlex.split(line) for line in lines]
    assert any("X-Postroom-Key: a key with a ' in it" in command for command in commands)
    ours = [command for command in commands if command[:2] == ["postroom", "sandbox"]]
    assert ours
    assert all(command[-2:] == ["--data", str(data)] for command in ours)
