"""What the interface loads until the list of mail is there stays small; the size is found without a browser."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.web.first_view import (
    LIMIT,
    READING_LIMIT,
    WRITING_LIMIT,
    first_view,
    needed,
    reading,
    table,
    words_files,
    writing,
)
from built_web import require_interface
from postroom.web.build import FOLDER

PAGE = """<link rel="icon" href="/favicon.svg" /><link href="/_app/immutable/entry/start.js" rel="modulepreload">
<link href="/_app/immutable/assets/0.css" rel="stylesheet">
<script>import("/_app/immutable/entry/start.js").then((kit) => import("/_app/immutable/entry/app.C0.js"))</script>"""
FILES = {
    "/mail.html": PAGE,
    "/favicon.svg": "<svg/>",
    "/_app/immutable/assets/0.css": "body{}",
    "/_app/immutable/assets/other.css": "body{}",
    "/_app/immutable/entry/start.js": 'import{a}from"../chunks/a.js";import"../chunks/b.js"',
    "/_app/immutable/entry/app.C0.js": 'm.f=["/_app/immutable/nodes/1.E0.js","/_app/immutable/chunks/later.js"];'
    "x(()=>import(`../chunks/later.js`),__vite__mapDeps([1]));x(()=>import(`../nodes/1.E0.js`),__vite__mapDeps([0]))",
    "/_app/immutable/nodes/1.E0.js": "",
    "/_app/immutable/chunks/a.js": "export{c}from'./c.js'",
    "/_app/immutable/chunks/b.js": "",
    "/_app/immutable/chunks/c.js": "",
    "/_app/immutable/chunks/later.js": "",
    "/_app/immutable/chunks/sanitize.js": 'import"./d.js";import"./c.js";"DOMPurify"',
    "/_app/immutable/chunks/d.js": "",
    "/_app/immutable/assets/frame.F0.html": "<!doctype html>",
    "/_app/immutable/assets/frame-remote.F0.html": "<!doctype html>",
    "/_app/immutable/chunks/en.js": "export const words={emptyInbox:'Nothing left to do'}",
    "/_app/immutable/chunks/de.js": "export const words={emptyInbox:'Nichts mehr zu tun, auch wenn es länger ist'}",
}


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name[1:]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_first_view_is_the_page_what_it_imports_the_error_page_and_the_longer_language(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    loaded, later = {Path(path).name for path in first_view(tmp_path)}, {"other.css", "later.js", "en.js"}
    later |= {"sanitize.js", "d.js", "frame.F0.html", "frame-remote.F0.html"}
    assert loaded == {Path(path).name for path in FILES} - later


def test_words_that_are_not_in_a_file_of_their_language_are_refused(tmp_path: Path) -> None:
    write(tmp_path, FILES | {"/_app/immutable/chunks/a.js": "'Nothing left to do'"})
    with pytest.raises(ValueError, match="Nothing left to do"):
        words_files(tmp_path)


def test_first_view_of_the_built_interface_is_small() -> None:
    require_interface()
    sizes = first_view(FOLDER)
    assert sum(sizes.values()) <= LIMIT, f"too large until the list of mail is painted:\n{table(sizes)}"


@pytest.mark.parametrize(("moment", "limit"), [(reading, READING_LIMIT), (writing, WRITING_LIMIT)])
def test_what_a_later_moment_adds_is_small(moment: Callable[[Path], dict[str, int]], limit: int) -> None:
    require_interface()
    sizes = moment(FOLDER)
    assert any(path.endswith(".css") for path in sizes), sizes
    assert sum(sizes.values()) <= limit, f"{moment.__name__} adds too much:\n{table(sizes, limit)}"


def test_pages_of_accounts_load_no_script_of_mail() -> None:
    require_interface()
    app = next(FOLDER.glob("_app/immutable/entry/app.*.js")).read_text()
    numbers = re.findall(r'"/\(account\)/[a-z-]+":\[(\d+)', app)
    assert len(numbers) > 5
    nodes = [next(FOLDER.glob(f"_app/immutable/nodes/{number}.*.js")) for number in numbers]
    for path in needed(FOLDER, [f"/{node.relative_to(FOLDER).as_posix()}" for node in nodes]):
        assert "/jmap/session" not in (FOLDER / path[1:]).read_text(), path
