"""deploy/compose/prepare: whatever it is given, and whatever fails, it leaves either all secrets or none."""

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from compose_file import PREPARE, checkout, prepare

SERVERS = {
    "POSTROOM_DATABASE_URL": "postgresql://postroom:secret@db.example.org/postroom",
    "POSTROOM_MIGRATE_DATABASE_URL": "postgresql://owner:secret@db.example.org/postroom",
    "POSTROOM_STALWART_URL": "https://mx.example.org",
    "POSTROOM_KRATOS_PUBLIC_URL": "http://10.0.0.5:4433",
    "POSTROOM_KRATOS_ADMIN_URL": "http://[fd00::5]:4434",
}


def made(folder: Path) -> list[str]:
    """What the script has left."""
    return sorted(path.name for path in folder.iterdir() if path.name.startswith(".") and path.name != ".fake")


def fake(folder: Path, name: str, line: str) -> str:
    """A PATH on which the program `name` is this shell command."""
    programs = folder / ".fake"
    programs.mkdir()
    (programs / name).write_text(f"#!/bin/sh\n{line}\n")
    (programs / name).chmod(0o755)
    return f"{programs}:{os.defpath}"


def assert_refused(folder: Path, words: str, *arguments: str, left: Sequence[str] = (), **environment: str) -> None:
    """The script refuses this, saying so, and leaves nothing else behind."""
    refused = prepare(folder, *arguments, **environment)
    assert (refused.returncode, made(folder)) == (1, [*left]), refused.stderr
    assert words in refused.stderr


@pytest.mark.parametrize("line", ["exit 1", "exit 0", "echo ' 1a 2b'"])
def test_without_enough_random_bytes_there_are_no_secrets(tmp_path: Path, line: str) -> None:
    """Such as in a chroot without /dev: an empty password would look like any other."""
    folder = checkout(tmp_path)
    assert_refused(folder, "random", "example.org", PATH=fake(folder, "od", line))


@pytest.mark.parametrize("program", ["cat", "chmod", "chown", "mkdir"])
def test_what_fails_half_way_leaves_nothing_behind(tmp_path: Path, program: str) -> None:
    if program in {"chmod", "chown"} and os.geteuid():
        pytest.skip("only root changes owners and modes")
    folder = checkout(tmp_path)
    assert_refused(folder, "", "example.org", PATH=fake(folder, program, "exit 1"))


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interruption_leaves_nothing_behind(tmp_path: Path, name: signal.Signals) -> None:
    """As Ctrl-C does, which all processes of the terminal get."""
    folder = checkout(tmp_path)
    env = {"PATH": fake(folder, "od", f"kill -{name.value} 0; sleep 5")}
    command = [folder / PREPARE, "example.org"]
    with subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, start_new_session=True) as interrupted:
        assert interrupted.wait(timeout=10) not in (0, 1)
    assert made(folder) == []


def test_two_runs_at_once_do_not_take_each_others_secrets(tmp_path: Path) -> None:
    folder = checkout(tmp_path)
    (folder / ".compose.new").mkdir()  # the other one's
    assert_refused(folder, ".compose.new exists", "example.org", left=[".compose.new"])


@pytest.mark.parametrize(
    "domain",
    [
        "example.org\nPOSTROOM_IMAGE=other",
        "example.org\r",
        "127.0.0.1",
        f"{'a' * 64}.org",
        f"{'a.' * 126}org",
        "exam_ple.org",
        "EXAMPLE.ORG",
        "münchen.de",
        "example.org.",
        "a-.org",
        "$(id).org",
    ],
)
def test_what_is_no_host_name_is_refused(tmp_path: Path, domain: str) -> None:
    folder = checkout(tmp_path)
    for arguments in ((domain,), ("example.org", domain), ("example.org", "mail.example.org", domain)):
        assert_refused(folder, "no host name", *arguments, LC_ALL="C.UTF-8")


def test_names_of_hosts_may_be_as_long_as_dns_allows(tmp_path: Path) -> None:
    assert prepare(checkout(tmp_path), f"{'a' * 63}.xn--mnchen-3ya.de").returncode == 0


def test_urls_of_your_servers_are_kept_letter_by_letter(tmp_path: Path) -> None:
    folder = checkout(tmp_path)
    given = SERVERS | {"POSTROOM_DATABASE_URL": r"postgresql://postroom:a\cb\t$HOME'#@db.example.org/postroom"}
    done = prepare(folder, "--only-postroom", "example.org", **given)
    assert done.returncode == 0, done.stderr
    assert (folder / ".compose/secrets/postroom/database-url").read_text() == given["POSTROOM_DATABASE_URL"] + "\n"
    for name in ("POSTROOM_STALWART_URL", "POSTROOM_KRATOS_PUBLIC_URL", "POSTROOM_KRATOS_ADMIN_URL"):
        assert f"{name}={given[name]}\n" in (folder / ".env").read_text()


@pytest.mark.parametrize(
    "url", ["mx.example.org", "https://", "https://mx.example.org # mine", "https://$MX", "https://a\nPROJECT=b"]
)
def test_what_compose_would_read_otherwise_is_no_url_of_a_server(tmp_path: Path, url: str) -> None:
    """compose replaces $NAME in .env, and drops what follows ` #`."""
    name = "POSTROOM_STALWART_URL"
    assert_refused(checkout(tmp_path), name, "--only-postroom", "example.org", **SERVERS | {name: url})


def test_the_script_works_in_its_own_checkout_only(tmp_path: Path) -> None:
    """`cd` would search CDPATH first, and find another folder of that name."""
    clone, elsewhere = tmp_path / "a clone", tmp_path / "elsewhere"
    clone.mkdir()
    (elsewhere / "deploy/compose").mkdir(parents=True)
    folder = checkout(clone)
    env = {"PATH": os.defpath, "CDPATH": str(elsewhere)}
    ran = subprocess.run([PREPARE, "example.org"], cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert made(folder) == [".compose", ".env"]
    assert made(elsewhere) == []
