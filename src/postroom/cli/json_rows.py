"""Writes a JSON document that may not fit into memory: row by row, one a line."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import typer

from postroom.cli.json_output import json_text, plain


class JsonRows:
    """`{"<name>": [row, …], …}`; `end` writes the rest of the document."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._begun = False

    def write(self, rows: Iterable[Mapping[str, Any]]) -> None:
        for row in rows:
            typer.echo((",\n" if self._begun else self._head()) + "    " + json_line(row), nl=False)
            self._begun = True

    def _head(self) -> str:
        return f'{{\n  "{self._name}": [\n'

    def end(self, rest: Mapping[str, Any]) -> None:
        end = "\n  ]" if self._begun else f'{{\n  "{self._name}": []'
        members = json_text(rest)[1:-2]  # between its brackets
        typer.echo(f"{end},{members}\n}}" if rest else f"{end}\n}}")


def json_line(row: Mapping[str, Any]) -> str:
    """`row` as JSON in one line."""
    return json.dumps(row, default=plain)
