"""Secrets that come from files: `POSTROOM_…_FILE` names one."""

from pathlib import Path

from postroom.settings.settings import Settings
from postroom.settings.wrong_setting import PREFIX, WrongSetting

SECRETS = tuple(name.upper() for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation))


def read_secrets(values: dict[str, str]) -> dict[str, WrongSetting]:
    """Replace the names of files in `values` by what the files hold. Returns what cannot be read."""
    wrong: dict[str, WrongSetting] = {}
    for secret in SECRETS:
        name, variable = secret.lower(), f"{PREFIX}{secret}_FILE"
        if not (file := values.pop(f"{name}_file", None)):
            continue
        try:
            text = Path(file).read_text("utf-8").strip()
        except OSError as error:
            missing, problem = isinstance(error, FileNotFoundError), f"{error.strerror}: {file}"
            fix = "write the secret to that file" if missing else "let this user read the file"
        except UnicodeDecodeError:
            problem, fix = f"not UTF-8 text: {file}", "write the secret to that file as text"
        else:
            # An empty file sets nothing, like an empty variable: an empty database URL would be libpq's default.
            values |= {name: text} if text else {}
            continue
        values.pop(name, None)
        wrong[name] = WrongSetting(name, f"{variable}: {problem}", f"{fix}, or correct {variable}")
    return wrong
