"""The history of a run: its events in order, each with the time `t` of the wall clock, as JSON lines."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Event = dict[str, Any]


class History:
    """The events of one process, written to `file` as they happen."""

    def __init__(self, file: Path, now: Callable[[], float] = time.time) -> None:
        self._file = file.open("w", buffering=1)
        self._now = now

    def record(self, event: str, **more: Any) -> None:
        self._file.write(json.dumps({"t": round(self._now(), 4), "event": event} | more) + "\n")

    def close(self) -> None:
        self._file.close()


def read(*files: Path) -> list[Event]:
    """The events of all `files`, in the order of their times. An incomplete last line is left out."""
    lines = [line for file in files if file.exists() for line in file.read_text().splitlines(keepends=True)]
    events: list[Event] = [json.loads(line) for line in lines if line.endswith("\n")]
    return sorted(events, key=lambda event: event["t"])
