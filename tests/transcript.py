"""The transcript of docs/how-to/transcript.md: its commands, what each printed, and how to run them again."""

import asyncio
import os
import pty
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[1] / "docs/how-to/transcript.md"
COLUMNS = 130
_BLOCK = re.compile(r"(?<=```console hours\n)(.*?)(?=```\n)", re.DOTALL)
_LATER = re.compile(r"# (\d+) seconds later")
_NOT_SHOWN = re.compile(r"^(?:date|content-length|server): .*\n", re.MULTILINE)
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_VARYING = (  # from run to run, and with shortened delays
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\.\d+Z?"), "TIME"),
    (re.compile(r"\b179\d{7}(?:\.\d+)?\b|\b1[89]\d{8}(?:\.\d+)?\b"), "TIMESTAMP"),
    (re.compile(r"(?<=account )[0-9a-f-]{36}|(?<=account\n)[0-9a-f-]{36}"), "ACCOUNT"),
    (re.compile(r"due in \d+ \w+"), "due in A WHILE"),
    (re.compile(r"(?<=delay: )\d+s"), "A WHILE"),
    (re.compile(r"Requests so far.*", re.DOTALL), ""),
    (re.compile(r" +\n"), "\n"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """A command and what it printed. `later`: so many seconds after the step before."""

    command: str
    output: str
    later: int = 0
    comment: str = ""


def steps() -> list[Step]:
    found = _BLOCK.search(DOCUMENT.read_text())
    assert found
    result: list[Step] = []
    later, comment = 0, ""
    for part in re.split(r"^\$ ", found[0], flags=re.MULTILINE)[1:]:
        if waiting := _LATER.match(part):
            later, comment = int(waiting[1]), part.strip()
            continue
        lines = part.splitlines(keepends=True)
        length = 1
        while lines[length - 1].endswith("\\\n"):
            length += 1
        command, output = "".join(lines[:length]).rstrip("\n"), "".join(lines[length:])
        result.append(Step(command, output.strip("\n"), later, comment))
        later, comment = 0, ""
    return result


def masked(output: str) -> str:
    for pattern, mask in _VARYING:
        output = pattern.sub(mask, output)
    return output.strip()


async def run(step: Step, folder: Path, environment: Mapping[str, str]) -> str:
    """What a person sees in a terminal, without what the document omits."""
    return await asyncio.to_thread(_run, step.command, folder, environment)


def _run(command: str, folder: Path, environment: Mapping[str, str]) -> str:
    ours, theirs = pty.openpty()
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    outside = {name: value for name, value in os.environ.items() if not name.startswith("POSTROOM_")}
    process = subprocess.Popen(
        ["bash", "-c", command],
        cwd=folder,
        env=outside | dict(environment) | {"PATH": path, "COLUMNS": str(COLUMNS), "TERM": "xterm", "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    output = b""
    try:
        while piece := os.read(ours, 65536):
            output += piece
    except OSError:
        pass  # on Linux this is how a terminal ends
    finally:
        os.close(ours)
        process.wait()
    text = _ESCAPES.sub("", output.decode()).replace("\r\n", "\n")
    lines = [line.rstrip() for line in _NOT_SHOWN.sub("", text).splitlines()]
    return "\n".join(lines).strip("\n")


def write(recorded: list[Step], day: str) -> None:
    parts: list[str] = []
    for step in recorded:
        if step.comment:
            parts.append(f"$ {step.comment}\n")
        parts.append(f"$ {step.command}\n{step.output}\n")
    text = DOCUMENT.read_text()
    text = re.sub(r"(?<=Recorded on )\d{4}-\d\d-\d\d", day, text)
    DOCUMENT.write_text(_BLOCK.sub(lambda _: "\n".join(parts), text))
