"""Files with a secret: written once, atomically, readable by their owner only."""

from pathlib import Path

import pytest

from postroom.errors import ConfigurationError
from postroom.setup.secret_file import SecretFile

NAME = "STALWART_API_KEY"


def test_secret_file_is_readable_by_its_owner_only_and_leaves_no_temporary_file(tmp_path: Path) -> None:
    file = SecretFile.of({}, NAME, tmp_path / "new" / "secrets")
    assert file.read() is None
    file.require_writable()
    file.write("API_x")
    assert file.read() == "API_x"
    assert [path.name for path in file.path.parent.iterdir()] == ["stalwart-api-key"]
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert file.path.parent.stat().st_mode & 0o777 == 0o700


def test_a_secret_is_not_overwritten_and_an_empty_file_holds_none(tmp_path: Path) -> None:
    file = SecretFile.of({}, NAME, tmp_path)
    file.path.write_text(" \n")
    file.write("first")
    with pytest.raises(ConfigurationError, match="already holds a secret"):
        file.write("second")
    assert file.read() == "first"


def test_secret_is_written_where_the_service_reads_it(tmp_path: Path) -> None:
    named = {f"POSTROOM_{NAME}_FILE": str(tmp_path / "key")}
    assert SecretFile.of(named, NAME, tmp_path / "other").path == tmp_path / "key"
    given = SecretFile.of({f"POSTROOM_{NAME}": " API_x "}, NAME, tmp_path)
    assert (given.read(), given.source, given.removal) == ("API_x", f"POSTROOM_{NAME}", f"unset POSTROOM_{NAME}")
    both = SecretFile.of({f"POSTROOM_{NAME}": "API_x", **named}, NAME, tmp_path)
    assert (both.read(), both.removal) == (None, f"move {tmp_path / 'key'} away")


def test_missing_setting_that_reads_the_secret_is_named(tmp_path: Path) -> None:
    file = SecretFile.of({}, NAME, tmp_path)
    assert file.unconfigured == {}
    file.write("API_x")
    assert file.unconfigured == {f"POSTROOM_{NAME}_FILE": str(file.path)}
    assert SecretFile.of(file.unconfigured, NAME, tmp_path).unconfigured == {}


def test_unreadable_secret_file_is_reported_without_its_content(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"\xff secret")
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        SecretFile(NAME, tmp_path / "file").read()
    with pytest.raises(ConfigurationError, match="cannot be read: Not a directory"):
        SecretFile(NAME, tmp_path / "file" / "key").read()
    with pytest.raises(ConfigurationError, match="--secrets"):
        SecretFile(NAME, tmp_path / "file" / "key").require_writable()


def test_secret_in_a_file_that_every_user_can_read_is_exposed(tmp_path: Path) -> None:
    file = SecretFile.of({}, NAME, tmp_path)
    assert not file.is_exposed
    file.write("API_x")
    assert not file.is_exposed
    file.path.chmod(0o640)
    assert not file.is_exposed, "the owner may let a group read it"
    file.path.chmod(0o644)
    assert file.is_exposed
    assert not SecretFile.of({f"POSTROOM_{NAME}": "API_x"}, NAME, tmp_path).is_exposed, "the file is not used"
    file.path.write_text("\n")
    assert not file.is_exposed, "an empty file holds no secret"
