"""The data folder is used by one trial at a time, never replaces a foreign folder, and keeps its secrets private."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from postroom.errors import ConfigurationError
from postroom_sandbox.data_folder import DataFolder, is_reachable


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_data_folder_in_use_is_rejected_with_the_pid_of_its_user(tmp_path: Path) -> None:
    path = tmp_path / "data"
    with (
        DataFolder(path),
        pytest.raises(ConfigurationError, match=rf"a trial already runs in .* \(pid {os.getpid()}\)"),
    ):
        DataFolder(path).__enter__()
    with DataFolder(path):
        """The lock is free again."""


def test_data_folder_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from postroom_sandbox.data_folder import DataFolder\n"
        "DataFolder(Path(sys.argv[1])).__enter__().write_trial({'url': 'old'}); os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run([sys.executable, "-c", code, tmp_path / "data"], check=False)
    assert killed.returncode == -9
    assert (tmp_path / "data" / "trial.json").exists()
    with pytest.raises(ConfigurationError, match="does not run"):
        DataFolder(tmp_path / "data").read_trial()
    with DataFolder(tmp_path / "data") as data, pytest.raises(ConfigurationError, match="still starting"):
        data.read_trial()


def test_data_folder_with_other_files_is_never_taken_over(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    before = mode(tmp_path)
    with pytest.raises(ConfigurationError, match=r"holds files, but no postroom\.lock"):
        DataFolder(tmp_path).__enter__()
    assert mode(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a folder that belongs to somebody else")
def test_data_folder_of_another_user_is_rejected(tmp_path: Path) -> None:
    os.chown(tmp_path, 12345, 12345)
    with pytest.raises(ConfigurationError, match="belongs to the user with uid 12345"):
        DataFolder(tmp_path).__enter__()


def test_trial_secrets_are_distinct_persistent_and_private(tmp_path: Path) -> None:
    with DataFolder(tmp_path / "data") as data:
        first, second = data.secret("first"), data.secret("second")
        assert len(first) >= 32
        assert first != second
        data.write_trial({"key": first})
        data.remember("place", "/somewhere")
        paths = list(data.path.rglob("*"))
        assert all(mode(path) == (0o700 if path.is_dir() else 0o600) for path in paths), paths
        assert mode(data.path) == (0o711 if os.geteuid() == 0 else 0o700)
    with DataFolder(tmp_path / "data") as data:
        assert data.secret("first") == first
        assert data.recall("place") == "/somewhere"
        assert data.recall("nothing") is None


def test_running_trial_is_published_for_others_and_withdrawn_when_it_ends(tmp_path: Path) -> None:
    reader = DataFolder(tmp_path / "data")
    with pytest.raises(ConfigurationError, match="there is no trial in"):
        reader.read_trial()
    with DataFolder(tmp_path / "data") as data:
        data.write_trial({"url": "http://127.0.0.1:3001"})
        assert reader.read_trial() == {"url": "http://127.0.0.1:3001"}
    with pytest.raises(ConfigurationError, match="does not run"):
        reader.read_trial()


def test_error_for_a_missing_trial_says_how_to_start_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refusal(data: DataFolder) -> str:
        with pytest.raises(ConfigurationError) as refused:
            data.read_trial()
        return str(refused.value)

    monkeypatch.chdir(tmp_path)
    assert "there is no trial" in refusal(DataFolder())
    assert "`postroom up`" in refusal(DataFolder())
    with DataFolder():
        """A folder in which a trial was started and stopped."""
    assert refusal(DataFolder()) == f"the trial in {tmp_path}/.postroom does not run: start it with `postroom up`"
    assert f"`postroom up --data '{tmp_path}/my data'`" in refusal(DataFolder(tmp_path / "my data"))
    (tmp_path / "sandbox").mkdir()
    (tmp_path / "sandbox/pyproject.toml").touch()  # in a checkout, where one uses make
    assert "`make up`" in refusal(DataFolder())


def test_empty_secret_file_gets_a_new_secret(tmp_path: Path) -> None:
    with DataFolder(tmp_path / "data") as data:
        data.secret("first")
        (data.path / "secrets/first").write_text("")
        assert len(data.secret("first")) >= 32


def test_clearing_the_data_folder_removes_everything_but_the_lock(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "letter.txt").write_text("dear")
    with DataFolder(tmp_path / "data") as data:
        data.secret("first")
        (data.path / "link").symlink_to(outside)
        data.clear()
        assert [path.name for path in data.path.iterdir()] == ["postroom.lock"]
    assert (outside / "letter.txt").exists()


def test_uid_can_reach_a_folder_only_if_it_may_enter_all_parents(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir(mode=0o755)
    mine, foreign = (os.geteuid(), os.getegid()), (os.geteuid() + 1, os.getegid() + 1)
    assert is_reachable(inner, *mine)
    tmp_path.chmod(0o700)
    assert not is_reachable(inner, *foreign)
