"""Rules of the house that no linter checks."""

import ast
import re
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LONGEST = {"src": 400, "sandbox": 400, "tests": 500, "benchmarks": 400, "chaos": 400, "distribution": 400}
PYTHON = sorted(path for folder in LONGEST for path in (ROOT / folder).rglob("*.py"))
SHIPPED = [path for path in PYTHON if path.relative_to(ROOT).parts[0] in ("src", "sandbox")]
LONGEST_FUNCTION = 60
VAGUE = {"utils", "util", "common", "helpers", "helper", "manager", "base", "misc"}


@cache
def _source() -> list[tuple[Path, ast.AST]]:
    """Each node of what is shipped. It is read by the tests: while tests are collected, each process would do it."""
    return [(path, node) for path in SHIPPED for node in ast.walk(ast.parse(path.read_text()))]


def test_modules_are_short_and_have_no_vague_names() -> None:
    for path in PYTHON:
        lines = path.read_text().count("\n")
        limit = LONGEST[path.relative_to(ROOT).parts[0]]
        assert lines <= limit, f"{path} has {lines} lines, {limit} at most: which second noun is in it?"
        assert not {path.stem, path.parent.name} & VAGUE, path


def test_functions_are_no_longer_than_the_limit() -> None:
    for path, node in _source():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= LONGEST_FUNCTION, f"{path}:{node.lineno} {node.name} has {length} lines"


def _docstrings(tree: ast.AST) -> set[int]:
    """The docstrings: strings that are statements."""
    return {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def test_no_message_names_a_document() -> None:
    """An installed wheel contains no documents, and they are published nowhere. So a message itself says what to do."""
    for path in SHIPPED:
        tree = ast.parse(path.read_text())
        docstrings = _docstrings(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
                assert not re.search(r"\bdocs/", node.value), f"{path}:{node.lineno} {node.value!r}"


def test_no_http_client_uses_a_proxy_or_password_of_the_environment() -> None:
    """A proxy would see our credentials, and ~/.netrc would add others."""
    for path, node in _source():
        if isinstance(node, ast.Call) and re.match(
            r"httpx2\.(AsyncClient|Client|request|create_ssl_context)$", ast.unparse(node.func)
        ):
            assert "trust_env=False" in map(ast.unparse, node.keywords), f"{path}:{node.lineno}"


def test_no_lock_file_records_where_packages_were_downloaded() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert not [name for name in tracked if Path(name).name in {"uv.lock", "pylock.toml", "poetry.lock"}]
    for name in tracked:
        if name.startswith("requirements/"):
            assert not re.search(r"https?://|--(extra-)?index-url", (ROOT / name).read_text()), name


def test_requirements_files_pin_the_same_versions() -> None:
    pins = [
        dict(re.findall(r"^([a-z0-9-]+)==([^ ;]+)", (ROOT / f"requirements/{name}.txt").read_text(), re.MULTILINE))
        for name in ("run", "trial", "dev", "web")
    ]
    run, trial, dev, web = (set(each.items()) for each in pins)
    assert run
    assert run <= trial <= dev
    assert web
    assert web <= dev


def test_every_sql_file_is_used() -> None:
    code = "\n".join(path.read_text() for path in SHIPPED)
    for path in (ROOT / "src/postroom/postgres/sql").glob("*.sql"):
        assert f'"{path.stem}"' in code, f"{path} is loaded by nobody"


def test_every_systemd_unit_raises_the_open_file_limit() -> None:
    """The service keeps as many connections open as half of them (`http.server.connections_allowed`)."""
    units = list((ROOT / "src/postroom/deploy/systemd").glob("*.service"))
    assert units
    for unit in units:
        assert re.search(r"^LimitNOFILE=65536$", unit.read_text(), re.MULTILINE), unit
