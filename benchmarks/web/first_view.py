"""The files of the interface that a browser loads until the list of mail is painted and the keys work, found in the
build.

They are the page, what it names, all that these import, the page for errors, and the words of one language. No browser
is needed, so that the size is checked wherever the interface is built.
"""

import gzip
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from posixpath import dirname, normpath

PAGE = "/mail.html"
LIMIT = 120_000
"""Bytes, each file compressed by `gzip -9`."""

WORDS = ("Nothing left to do", "Nichts mehr zu tun")
"""Each stands in one file alone: that of its language (`emptyInbox` in web/src/lib/words). A browser loads one."""

READING_LIMIT = 120_000
"""Bytes that the second moment adds: the reader, dialogs, pickers, bars and search, what compares senders, and what
reads the filters, for the line above the list that says that an automatic reply is on. DOMPurify and words are a tenth
each. A smaller limit would take the moment apart into several files again."""

WRITING_LIMIT = 90_000
"""Bytes that the third moment adds: the windows of writing with Squire, and what keeps, stores and sends messages."""

_READER = "allowCustomizedBuiltInElements"
"""Stands in DOMPurify, which the script of the second moment has in it."""

_EDITOR = "squire-selection-start"
"""Stands in Squire, which the script of the third moment has in it."""

_READING_WORDS = ("Reply anyway", "Trotzdem antworten")
_WRITING_WORDS = ("Ask for a receipt", "Lesebestätigung anfordern")

_NAMED = re.compile(r'<link\b[^>]*?\bhref="(/[^"]+)"')
_STARTED = re.compile(r'\bimport\("(/[^"]+)"\)')
_IMPORTED = re.compile(r"""(?:\bfrom|\bimport)\s*["'`](\.{1,2}/[^"'`]+)["'`]""")
"""Not `import(…)`, which loads later."""

_LATER = re.compile(r"m\.f=(\[[^\]]*\])")
_ERROR_PAGE = re.compile(r"import\(`\.\./nodes/1\.[^`]+`\),__vite__mapDeps\(\[([\d,]+)\]\)")
"""SvelteKit loads its node 1, the error page, with every page. The numbers are places in Vite's list of what loads
later."""

Sizes = dict[str, int]


def first_view(build: Path) -> Sizes:
    """Return the compressed size of each file by its path, with the words of the language that has more."""
    needed = _of_the_page(build)
    return _sizes(build, [*needed, max(words_files(build), key=lambda path: _size(build, path))])


def words_files(build: Path) -> list[str]:
    """Raises `ValueError` if a language does not lie in a file of its own."""
    scripts = _scripts(build)
    return [_only_one_with(sentence, scripts) for sentence in WORDS]


def reading(build: Path) -> Sizes:
    """Return the compressed size of what the second moment loads besides the first view."""
    return _moment(build, "reading", _READER, _READING_WORDS, set())


def writing(build: Path) -> Sizes:
    """Return the compressed size of what the third moment loads besides the first view and the second moment."""
    return _moment(build, "writing", _EDITOR, _WRITING_WORDS, {*reading(build)})


def _moment(build: Path, name: str, mark: str, sentences: tuple[str, str], before: set[str]) -> Sizes:
    scripts = _scripts(build)
    words = max((_only_one_with(sentence, scripts) for sentence in sentences), key=lambda path: _size(build, path))
    styles = [_path(build, file) for file in build.glob(f"_app/immutable/assets/{name}.*.css")]
    loaded = {*needed(build, [_only_one_with(mark, scripts), words]), *styles}
    return _sizes(build, sorted(loaded - before - _of_the_page(build) - {*words_files(build)}))


def _scripts(build: Path) -> dict[str, str]:
    return {_path(build, file): file.read_text() for file in build.glob("_app/immutable/**/*.js")}


def _only_one_with(sentence: str, scripts: Mapping[str, str]) -> str:
    found = [path for path, text in scripts.items() if sentence in text]
    if len(found) != 1:
        raise ValueError(f"{sentence!r} should be in one file of the build, but is in {found}")
    return found[0]


def _of_the_page(build: Path) -> set[str]:
    return {*needed(build, _started(build)), *_error_page(build)}


def _started(build: Path) -> list[str]:
    html = (build / PAGE[1:]).read_text()
    return [PAGE, *_NAMED.findall(html), *_STARTED.findall(html)]


def needed(build: Path, named: Iterable[str]) -> Iterator[str]:
    """Also what the scripts among these import, without what loads later."""
    waiting, seen = list(named), set[str]()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        yield path
        if path.endswith(".js"):
            text = (build / path[1:]).read_text()
            waiting += [normpath(f"{dirname(path)}/{name}") for name in _IMPORTED.findall(text)]


def _error_page(build: Path) -> Iterator[str]:
    for file in build.glob("_app/immutable/entry/app.*.js"):
        text = file.read_text()
        if (listed := _LATER.search(text)) and (numbers := _ERROR_PAGE.search(text)):
            names = json.loads(listed[1])
            yield from (names[int(number)] for number in numbers[1].split(","))


def sizes_of(build: Path, paths: Iterable[str]) -> Sizes:
    """Return the compressed sizes of those that are files of the build; others, such as `/api/me`, are left out. Every
    address of a page stands for the page."""
    files = {PAGE if path == "/mail" or path.startswith("/mail/") else path for path in paths}
    return _sizes(build, sorted(path for path in files if (build / path[1:]).is_file()))


def table(sizes: Mapping[str, int], limit: int = LIMIT) -> str:
    """Return a line for each file, the largest first, and the sum."""
    lines = [f"{size:>9,}  {path}" for path, size in sorted(sizes.items(), key=lambda each: -each[1])]
    total = sum(sizes.values())
    return "\n".join([*lines, f"{total:>9,}  in all; {limit:,} are allowed ({total - limit:+,})"])


def _sizes(build: Path, paths: Iterable[str]) -> Sizes:
    return {path: _size(build, path) for path in paths}


def _size(build: Path, path: str) -> int:
    return len(gzip.compress((build / path[1:]).read_bytes(), 9, mtime=0))


def _path(build: Path, file: Path) -> str:
    return f"/{file.relative_to(build).as_posix()}"
