"""The glossary of CONTRIBUTING.md is respected: it is short, and retired words are not used again."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from postroom.http.problems import PROBLEMS
from postroom.process.telemetry import REGISTRY

ROOT = Path(__file__).resolve().parents[2]
CODE = ("src", "sandbox", "tests", "benchmarks", "chaos", "distribution")
PYTHON = [path for folder in CODE for path in sorted((ROOT / folder).rglob("*.py"))]
FILES = [
    path for folder in CODE for path in sorted((ROOT / folder).rglob("*")) if path.suffix in (".py", ".sql", ".lua")
]
WEB = [
    path
    for folder in ("web/src", "web/tests")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix in (".ts", ".svelte")
]
RETIRED_IN_WEB = {
    "announcer": "arriving emails, new mail",
    "answer": "reply (of a mail), response (of a server)",
    "answers": "responses",
    "answering": "replying",
    "answerable": "parent",
    "ceremony": "trigger",
    "deed": "applied action",
    "departing": "sending",
    "departure": "outgoing message, sending",
    "departures": "outgoing",
    "doors": "sign in pages",
    "hand over": "submit",
    "handover": "submit steps",
    "last words": "draft copies",
    "making": "preparation",
    "off line": "offline",
    "preparing": "preparation",
    "rows of": "threads, thread emails",
    "situation": "preparation",
    "standing": "status",
    "take back": "undo",
    "tongue": "language",
    "veil": "local patch, held emails",
    "whereabouts": "submission status",
}
"""Words of the interface alone: elsewhere they are ordinary English. "Answered" is the keyword `$answered`."""
DECLARED = re.compile(
    r"\b(?:const|let|function|class|interface|type|get|set|async|readonly|static|snippet)\s+#?([A-Za-z_]\w*)"
    r"|^\s+#?([A-Za-z_]\w*)\??[:(]",
    re.MULTILINE,
)
MOST_WORDS = 40
PHRASES = {"look up", "look ups", "looks like", "well known", "well formed"}
"""Ordinary English that contains a retired word."""


def rows() -> Iterator[tuple[str, list[str]]]:
    section = (ROOT / "CONTRIBUTING.md").read_text().split("## Glossary", 1)[1].split("\n## ", 1)[0]
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split("|")]
        if line.startswith("|") and len(cells) >= 2 and not set(cells[0]) <= {"-"} and cells[0] != "word":
            yield cells[0], [word.strip() for word in cells[2].split(",")] if len(cells) > 2 and cells[2] else []


GLOSSARY = dict(rows())
RETIRED = sorted(word for words in GLOSSARY.values() for word in words)


@cache
def names_of(path: Path) -> list[tuple[int, str]]:
    return list(_names(ast.parse(path.read_text())))


def _names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield node.lineno, name
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name
            case _:
                pass


@cache
def words_of(name: str) -> str:
    """`LookQueue`, `look_queue` and `LOOK_QUEUE` are all `look queue`."""
    return " ".join(re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).lower()))


def uses(words: str, retired: str) -> bool:
    for phrase in PHRASES:
        words = words.replace(phrase, "")
    return re.search(rf"\b{re.escape(retired)}\b", words) is not None


def test_the_glossary_has_at_most_forty_words_each_once() -> None:
    assert 0 < len(GLOSSARY) <= MOST_WORDS
    assert len(GLOSSARY) == len(list(rows()))
    assert not set(GLOSSARY) & set(RETIRED)


@pytest.mark.parametrize("name", ["_safety_look_at", "SafetyLook", "SAFETY_LOOK", "safety-look.sql"])
def test_a_retired_word_is_found_in_every_spelling(name: str) -> None:
    assert uses(words_of(name), "safety look")
    assert not uses(words_of("lookup_of_safety"), "safety look")


@pytest.mark.parametrize("retired", RETIRED)
def test_no_identifier_and_no_file_uses_a_retired_word(retired: str) -> None:
    found = [str(path.relative_to(ROOT)) for path in FILES if uses(words_of(path.stem), retired)]
    found += [
        f"{path.relative_to(ROOT)}:{line} {name}"
        for path in PYTHON
        for line, name in names_of(path)
        if uses(words_of(name), retired)
    ]
    assert not found, f"{retired!r} is retired; see the glossary of CONTRIBUTING.md:\n" + "\n".join(found)


@pytest.mark.parametrize("retired", RETIRED)
def test_no_code_of_a_problem_and_no_metric_uses_a_retired_word(retired: str) -> None:
    names = [*PROBLEMS, *(metric.name for metric in REGISTRY.collect())]
    assert [name for name in names if uses(words_of(name), retired) or uses(words_of(name), f"{retired}s")] == []


@cache
def declared_in(path: Path) -> list[tuple[int, str]]:
    """Names in TypeScript: of what is declared, of members and of parameters that stand on a line of their own."""
    text = path.read_text()
    return [(text.count("\n", 0, found.start()) + 1, found[1] or found[2]) for found in DECLARED.finditer(text)]


def test_names_in_typescript_are_found() -> None:
    path = ROOT / "web/src/lib/actions/sync/outbox.ts"
    assert {"Outbox", "task", "waiting", "settle", "onnotupdated"} <= {name for _, name in declared_in(path)}


@pytest.mark.parametrize("retired", RETIRED_IN_WEB)
def test_no_name_and_no_file_of_the_interface_uses_a_retired_word(retired: str) -> None:
    found = [str(path.relative_to(ROOT)) for path in WEB if uses(words_of(path.stem), retired)]
    found += [
        f"{path.relative_to(ROOT)}:{line} {name}"
        for path in WEB
        for line, name in declared_in(path)
        if uses(words_of(name), retired)
    ]
    assert not found, f"{retired!r} is retired, it is {RETIRED_IN_WEB[retired]}:\n" + "\n".join(found)
