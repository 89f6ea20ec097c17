"""Files that hold one secret each, which only their owner may read."""

import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from postroom.errors import ConfigurationError
from postroom.settings.wrong_setting import PREFIX
from postroom.setup.written_file import replace_file


class SecretFile:
    """The secret of one setting. `given`: the secret itself, if the environment holds it; then no file is read.
    `configured`: the environment names the file."""

    def __init__(self, setting: str, path: Path, *, given: str = "", configured: bool = False) -> None:
        self._setting = setting
        self.path = path
        self._given = given
        self._configured = configured

    @classmethod
    def of(cls, environment: Mapping[str, str], setting: str, folder: Path) -> "SecretFile":
        """The file that the environment names, or else the one in `folder` that is called like the setting."""
        named = environment.get(f"{PREFIX}{setting}_FILE", "").strip()
        path = Path(named) if named else folder / setting.lower().replace("_", "-")
        given = "" if named else environment.get(f"{PREFIX}{setting}", "").strip()
        return cls(PREFIX + setting, path, given=given, configured=bool(named))

    @property
    def source(self) -> str:
        """Where the secret comes from, for messages."""
        return self._setting if self._given else str(self.path)

    @property
    def removal(self) -> str:
        """How an operator removes the secret, so that the next run makes another."""
        return f"unset {self._setting}" if self._given else f"move {self.path} away"

    @property
    def unconfigured(self) -> dict[str, str]:
        """The setting that makes Postroom read the file, if the file exists and the environment does not name it.
        Raises `ConfigurationError`."""
        missing = not self._configured and not self._given and self.read() is not None
        return {f"{self._setting}_FILE": str(self.path)} if missing else {}

    @property
    def is_exposed(self) -> bool:
        """Whether the file holds the secret and every user of this host can read it. Raises `ConfigurationError`."""
        return not self._given and self.read() is not None and bool(self.path.stat().st_mode & stat.S_IROTH)

    def read(self) -> str | None:
        """The secret; None if the file does not exist or is empty. Raises `ConfigurationError`."""
        if self._given:
            return self._given
        try:
            return self.path.read_text("utf-8").strip() or None
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ConfigurationError(f"{self.path} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError:
            raise ConfigurationError(f"{self.path} is not UTF-8 text") from None

    def require_writable(self) -> None:
        """Check that `write` will succeed, before a secret is made that could not be stored. Creates the folder if it
        does not exist. Raises `ConfigurationError`."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.path.parent, prefix=f".{self.path.name}."):
                pass
        except OSError as error:
            raise self._not_written(error) from error

    def write(self, secret: str) -> None:
        """Write the file atomically; only its owner can read it. A file that holds a secret is never overwritten.
        Raises `ConfigurationError`."""
        try:
            if self.read() is not None:
                raise ConfigurationError(f"{self.path} already holds a secret: it was not changed")
            replace_file(self.path, f"{secret}\n", mode=0o600)
        except OSError as error:
            raise self._not_written(error) from error

    def _not_written(self, error: OSError) -> ConfigurationError:
        return ConfigurationError(
            f"{self.path} cannot be written: {error.strerror}; run this command as a user who may write there, or name "
            "another folder by --secrets"
        )
