"""The steps of our Dockerfile, as a small reader of it sees them. tests/integration/test_dockerfile.py compares them
with those that BuildKit's own parser sees."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Step:
    """`text` is what follows the instruction, with its lines joined."""

    instruction: str
    text: str

    def words(self) -> list[str]:
        """The exec form (`["a", "b"]`), or what a shell would split."""
        return json.loads(self.text) if self.text.startswith("[") else shlex.split(self.text)

    def options(self) -> tuple[Mapping[str, str], str]:
        """`--from=build …`: the options, and what follows them."""
        found: dict[str, str] = {}
        text = self.text
        while option := re.match(r"--([a-z-]+)=(\S+)\s+", text):
            found[option[1]] = option[2]
            text = text[option.end() :]
        return found, text

    def pairs(self) -> Mapping[str, str]:
        """Of ENV, LABEL and ARG."""
        parts = [word.partition("=") for word in shlex.split(self.text)]
        return {name: value for name, _, value in parts}


def dockerfile_steps(text: str) -> Iterator[Step]:
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    for line in re.sub(r"\s*\\\n\s*", " ", "\n".join(lines)).splitlines():
        instruction, _, rest = line.partition(" ")
        yield Step(instruction, rest.strip())


def stages(steps: Sequence[Step]) -> Iterator[list[Step]]:
    """Each begins with its FROM."""
    stage: list[Step] = []
    for step in steps:
        if step.instruction == "FROM":
            if stage:
                yield stage
            stage = [step]
        elif stage:
            stage.append(step)
    yield stage


def context(folder: Path, ignore: str) -> list[Path]:
    """The files that `docker build` may see: the last line of .dockerignore that fits decides. Its `*` is one part of a
    path here, as there; what is below an ignored folder is ignored, too."""
    rules = [line for line in ignore.split("\n") if line and not line.startswith("#")]

    def seen(path: Path) -> bool:
        allowed = True
        for rule in rules:
            pattern = rule.lstrip("!")
            parts = path.relative_to(folder).parts
            depth = pattern.count("/") + 1
            if len(parts) >= depth and fnmatch("/".join(parts[:depth]), pattern):
                allowed = rule.startswith("!")
        return allowed

    return [path for path in sorted(folder.rglob("*")) if path.is_file() and seen(path)]
