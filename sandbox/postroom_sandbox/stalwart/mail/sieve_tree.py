"""A Sieve script as a tree (RFC 5228 §8.2). It was checked before it was stored, so mistakes are not looked for."""

import re
from dataclasses import dataclass, field
from typing import Any

from postroom_sandbox.stalwart.mail.sieve_token import TOKEN

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_UNITS = {"K": 2**10, "M": 2**20, "G": 2**30}
_WITH_VALUE = {
    *("comparator", "value", "count", "days", "seconds", "subject", "from", "addresses", "handle", "flags"),
    *("zone", "mailboxid", "specialuse", "importance", "options", "message", "fcc", "content", "over", "under"),
}


@dataclass
class Node:
    """A command or a test. `tags` without a value are None."""

    name: str
    tags: dict[str, Any] = field(default_factory=dict[str, Any])
    values: list[Any] = field(default_factory=list[Any])
    tests: "list[Node]" = field(default_factory=lambda: list[Node]())
    block: "list[Node]" = field(default_factory=lambda: list[Node]())


def tree(script: str) -> list[Node]:
    return _Reader(script).commands()


class _Reader:
    def __init__(self, script: str) -> None:
        self._tokens = [_token(found) for found in TOKEN.finditer(script) if found.lastgroup != "space"]
        self._next = 0

    def _peek(self) -> tuple[str, Any]:
        return self._tokens[self._next] if self._next < len(self._tokens) else ("end", "")

    def _take(self, *wanted: str) -> bool:
        """Whether the next token is one of these marks; it is taken."""
        kind, value = self._peek()
        found = kind == "mark" and value in wanted
        self._next += found
        return found

    def commands(self) -> list[Node]:
        found: list[Node] = []
        while self._peek()[0] == "name":
            found.append(self._node())
            self._take(";")
        return found

    def _node(self) -> Node:
        node = Node(str(self._peek()[1]).lower())
        self._next += 1
        self._arguments(node)
        if self._take("("):
            while not self._take(")"):
                node.tests.append(self._node())
                self._take(",")
        elif self._peek()[0] == "name" and node.name in ("if", "elsif", "not"):
            node.tests.append(self._node())
        if node.name in ("if", "elsif", "else") and self._take("{"):
            node.block = self.commands()
            self._take("}")
        return node

    def _arguments(self, node: Node) -> None:
        while True:
            kind, value = self._peek()
            if kind == "tag":
                self._next += 1
                node.tags[value] = self._value() if value in _WITH_VALUE else None
            elif kind in ("string", "number") or value == "[":
                node.values.append(self._value())
            else:
                return

    def _value(self) -> Any:
        if self._take("["):
            found: list[str] = []
            while not self._take("]"):
                found.append(self._peek()[1])
                self._next += 1
                self._take(",")
            return found
        value = self._peek()[1]
        self._next += 1
        return value


def _unescaped(text: str) -> str:
    """As Stalwart reads it, in spite of RFC 5228 §2.4.2: a backslash counts from the second in a row on, and n, r and t
    behind one are control characters."""
    found, last = "", ""
    for letter in text:
        if letter != "\\":
            found += _ESCAPES.get(letter, letter) if last == "\\" else letter
        elif last == "\\":
            found += letter
        last = letter
    return found


def _token(found: re.Match[str]) -> tuple[str, Any]:
    kind, text = str(found.lastgroup), str(found[str(found.lastgroup)])
    match kind:
        case "lines":
            return "string", re.sub(r"(?m)^\.", "", text)
        case "string":
            return kind, _unescaped(text)
        case "number":
            unit = _UNITS.get(text[-1])
            return kind, int(text[:-1]) * unit if unit else int(text)
        case "tag":
            return kind, text[1:].lower()
        case _:
            return kind, text
