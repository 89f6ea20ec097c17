"""Files that hold one secret each, which only their owner may read."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from postroom.errors import ConfigurationError
from postroom.settings import PREFIX
from postroom.setup.written_file import replace_file


class SecretFile:
    """The secret of one setting. `given`: what the environment holds itself, so that no file is read."""

    def __init__(self, setting: str, path: Path, *, given: str = "", configured: bool = False) -> None:
        self._setting = setting
        self.path = path
        self._given = given
        self._configured = configured

    @classmethod
    def of(cls, environment: Mapping[str, str], setting: str, folder: Path) -> "SecretFile":
        """The file that the environment names, else one in `folder`, called like the setting."""
        named = environment.get(f"{PREFIX}{setting}_FILE", "").strip()
        path = Path(named) if named else folder / setting.lower().replace("_", "-")
        given = "" if named else environment.get(f"{PREFIX}{setting}", "").strip()
        return cls(PREFIX + setting, path, given=given, configured=bool(named))

    @property
    def source(self) -> str:
        """Where the secret is from."""
        return self._setting if self._given else str(self.path)

    @property
    def removal(self) -> str:
        """What to do so that it is not found the next time."""
        return f"unset {self._setting}" if self._given else f"move {self.path} away"

    @property
    def unconfigured(self) -> dict[str, str]:
        """The setting by which Postroom would read the file, if there is one that it does not read yet. Raises
        `ConfigurationError`."""
        missing = not self._configured and not self._given and self.read() is not None
        return {f"{self._setting}_FILE": str(self.path)} if missing else {}

    def read(self) -> str | None:
        """The secret; None if there is no file, or an empty one. Raises `ConfigurationError`."""
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
        """Before a secret is made that could not be kept then. Makes the folder if need be. Raises
        `ConfigurationError`."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.path.parent, prefix=f".{self.path.name}."):
                pass
        except OSError as error:
            raise self._not_written(error) from error

    def write(self, secret: str) -> None:
        """All of it or nothing, whenever the process ends; readable by its owner only. A file that holds a secret is
        never overwritten. Raises `ConfigurationError`."""
        try:
            if self.read() is not None:
                raise ConfigurationError(f"{self.path} already holds a secret: it was not changed")
            replace_file(self.path, f"{secret}\n", mode=0o600)
        except OSError as error:
            raise self._not_written(error) from error

    def _not_written(self, error: OSError) -> ConfigurationError:
        return ConfigurationError(
            f"{self.path} cannot be written: {error.strerror}; run it as somebody who may, or name another folder by "
            "--secrets"
        )
