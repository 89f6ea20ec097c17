"""docs/how-to/install.md and the files that it installs fit each other; a shell can read every command of the docs."""

import re
import shutil
import subprocess

import pytest

from command_blocks import ROOT, Block, blocks
from postroom.postgres.migrate import IN_UTF8
from postroom.settings.environment import load, unknown
from postroom.settings.secret_files import SECRETS
from postroom.settings.wrong_setting import PREFIX
from postroom.setup.deployed_files import text_of

GUIDE = "docs/how-to/install.md"
DATABASES = ROOT / "deploy/compose/postgres/databases.sql"
COMMANDS = "\n".join(block.commands for block in blocks() if block.document == GUIDE)
UNITS = ("systemd/postroom-serve.service", "systemd/postroom-work.service", "systemd/mail.conf")
MADE_BY_SETUP = {"stalwart-api-key", "mail-master", "stalwart-webhook-key"}
"""`postroom setup stalwart --impersonate` writes these files."""


def file_written(path: str) -> str:
    """What the guide writes into that file by a here-document."""
    found = re.search(rf"^cat >+ {re.escape(path)} <<'?END'?\n(.*?)^END$", COMMANDS, re.MULTILINE | re.DOTALL)
    assert found, path
    return found[1]


@pytest.mark.skipif(shutil.which("bash") is None, reason="NOT TESTED: no bash")
@pytest.mark.parametrize("block", list(blocks()), ids=lambda block: f"{block.document}:{block.line}")
def test_every_command_block_of_the_documentation_can_be_parsed_by_a_shell(block: Block) -> None:
    parsed = subprocess.run(["bash", "-n"], input=block.commands, capture_output=True, text=True, check=False)
    assert (parsed.returncode, parsed.stderr) == (0, "")


def test_settings_of_the_guide_are_settings_and_right() -> None:
    written = dict(line.split("=", 1) for line in file_written("/etc/postroom/postroom.env").splitlines())
    assert unknown(written) == []
    secrets = {
        "DATABASE_URL": "postgresql://postroom:secret@127.0.0.1/postroom",
        "STALWART_API_KEY": "API_key",
        "WEBHOOK_KEY": "a-key-of-32-characters-0123456789",
    }
    settings = load(written | {PREFIX + name: value for name, value in secrets.items()})
    assert settings.host == "127.0.0.1"
    assert settings.public_url == "https://mail.example.org"


def test_every_database_is_created_in_utf8_whatever_the_locale_of_the_cluster() -> None:
    """Debian's own cluster is in SQL_ASCII where no locale is set, and UTF8 does not fit de_DE.ISO-8859-1."""
    texts = [*(block.commands for block in blocks()), DATABASES.read_text()]
    found = [line for text in texts for line in re.findall(r"^CREATE DATABASE .*$", text, re.MULTILINE)]
    assert len(found) == 4
    assert [line for line in found if not line.endswith(f" {IN_UTF8};")] == []


def test_units_start_what_the_guide_installs_with_the_files_that_it_writes() -> None:
    units = "\n".join(text_of(name) for name in UNITS)
    assert set(re.findall(r"^ExecStart=(\S+)", units, re.MULTILINE)) == {"/opt/postroom/current/bin/postroom"}
    assert 'ln -sfn "$version" /opt/postroom/current' in COMMANDS
    assert "exec /opt/postroom/current/bin/postroom" in file_written("/usr/local/sbin/postroom")
    assert set(re.findall(r"^EnvironmentFile=(\S+)", units, re.MULTILINE)) == {"/etc/postroom/postroom.env"}
    wanted = set(re.findall(r"^LoadCredential=\S+:/etc/postroom/secrets/(\S+)$", units, re.MULTILINE))
    written = set(re.findall(r"> ([a-z-]+)(?:\s|$)", COMMANDS)) & {name.lower().replace("_", "-") for name in SECRETS}
    assert wanted <= written | MADE_BY_SETUP
    assert "postroom setup stalwart --admin admin@example.org --impersonate" in COMMANDS


def test_kratos_is_started_with_every_file_that_the_guide_makes_for_it() -> None:
    unit = file_written("/etc/systemd/system/kratos.service")
    (serve,) = re.findall(r"^ExecStart=.*$", unit, re.MULTILINE)
    names = ("kratos.yml", "own.yml", "registration-hook.yml", "interface.yml")
    assert re.findall(r"-c (\S+)", serve) == [f"/etc/kratos/{name}" for name in names]
    (schema,) = re.findall(r"url: file://(\S+)", text_of("kratos/kratos.yml"))
    assert schema == "/etc/kratos/identity.schema.json"
    assert "cp /etc/postroom/deploy/kratos/kratos.yml /etc/postroom/deploy/kratos/identity.schema.json ." in COMMANDS
