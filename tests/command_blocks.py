"""The command blocks of README and docs. A tag after the language says where each may run: ```` ```sh plain ````."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")] + sorted(
    (ROOT / "docs").rglob("*.md")
)
TAGS = {"plain", "ci", "service", "wheel", "root", "hours", "server"}
"""CONTRIBUTING.md explains them."""


@dataclass(frozen=True, slots=True)
class Block:
    """`tags` is everything after the language; `commands` are for a shell."""

    document: str
    line: int
    tags: tuple[str, ...]
    commands: str


def blocks() -> Iterator[Block]:
    for path in DOCUMENTS:
        text = path.read_text()
        for found in re.finditer(r"^( *)```(sh|console)\b(.*)\n((?:.*\n)*?) *```$", text, re.MULTILINE):
            indent, language, tags, content = found.groups()
            lines = [line.removeprefix(indent) for line in content.splitlines()]
            yield Block(
                str(path.relative_to(ROOT)),
                text[: found.start()].count("\n") + 1,
                tuple(tags.split()),
                "\n".join(_typed(lines) if language == "console" else lines) + "\n",
            )


def _typed(lines: list[str]) -> list[str]:
    """The text after each prompt, with its continuation lines; the other lines are output."""
    typed: list[str] = []
    goes_on = False
    for line in lines:
        if goes_on or line.startswith("$ "):
            typed.append(line if goes_on else line[2:])
            goes_on = line.endswith("\\")
    return typed
