"""Commands as an operator types them, run in this process: a new Python takes a second to start."""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from typing import Any
from unittest.mock import patch

import pytest

from postroom.cli import main


@dataclass(frozen=True)
class Commands:
    """Runs `postroom …` with exactly these environment variables."""

    environment: Mapping[str, str] = field(default_factory=dict[str, str])

    async def __call__(self, *words: str, code: int = 0, stdin: str = "", **more: str) -> str:
        """Its output, followed by its errors."""
        return await asyncio.to_thread(self._run, words, code, stdin, more)

    async def json(self, *words: str, code: int = 0) -> Any:
        return json.loads(await self(*words, "--json", code=code))

    def _run(self, words: tuple[str, ...], code: int, stdin: str, more: Mapping[str, str]) -> str:
        output, errors = StringIO(), StringIO()
        with (
            patch.dict(os.environ, {"COLUMNS": "300", **self.environment, **more}, clear=True),
            patch.object(sys, "argv", ["postroom", *words]),
            patch.object(sys, "stdin", StringIO(stdin)),
            redirect_stdout(output),
            redirect_stderr(errors),
            pytest.raises(SystemExit) as ended,
        ):
            main()
        assert (ended.value.code or 0) == code, output.getvalue() + errors.getvalue()
        return output.getvalue() + errors.getvalue()
