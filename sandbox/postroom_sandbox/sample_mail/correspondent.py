"""The invented people and firms who write the mail."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

_NAMED = re.compile(r"(.*) <([^>]+)>")


@dataclass(frozen=True, slots=True)
class Correspondent:
    """A sender or recipient, with the habits of the mail program. `zone` is the offset from UTC in hours."""

    name: str
    email: str
    language: str = "en"
    charset: str = "utf-8"
    encoding: str = "quoted-printable"
    zone: int = 1
    signature: str = ""
    writes_html: bool = False
    quotes: str = "below"  # where the quoted text stands; or "never"
    program: str = ""

    @property
    def domain(self) -> str:
        return self.email.rpartition("@")[2]

    @property
    def first_name(self) -> str:
        return self.name.split()[0] if self.name else self.email.partition("@")[0].capitalize()


def words(name: str) -> dict[str, Any]:
    """The content of one file of `words/`."""
    return tomllib.loads(files("postroom_sandbox.sample_mail").joinpath("words", f"{name}.toml").read_text("utf-8"))


@cache
def _cast() -> dict[str, Correspondent]:
    return {key: Correspondent(**habits) for key, habits in words("cast").items()}


@cache
def correspondent(text: str) -> Correspondent:
    """One of the cast by key, or anybody given as `Name <address>`."""
    if named := _NAMED.fullmatch(text):
        return Correspondent(named[1], named[2], writes_html=False)
    return _cast()[text]
