"""The built interface: every file is read once, so that no request's path is ever turned into the path of a file."""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

from postroom.web.acceptable import IDENTITY

FOLDER = Path(__file__).with_name("build")
"""Where `make web` puts it, and where the wheel has it."""

INDEX = "index.html"

IMMUTABLE = "/_app/immutable/"
"""The names of these files hold a hash of their content."""

FRAMES = f"{IMMUTABLE}assets/"
"""HTML below it is a frame for messages, not a page."""

_CODINGS = {".br": "br", ".gz": "gzip"}
"""Files that the build has compressed beside the plain ones."""

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True, slots=True)
class BuiltFile:
    """`bodies`: the content by coding; always there: `identity`. `scripts`: the CSP hashes of its inline scripts, if it
    is HTML."""

    content_type: str
    bodies: Mapping[str, bytes]
    digest: str
    scripts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Build:
    """`files` by path, with the frames; `pages` by file name: the shells, which are served at other paths than their
    own."""

    files: Mapping[str, BuiltFile]
    pages: Mapping[str, BuiltFile]

    def page(self, name: str) -> BuiltFile:
        return self.pages.get(name) or self.pages[INDEX]


def read_build(folder: Path) -> Build | None:
    """None where there is none, or where it is being replaced. Raises `OSError` for files that cannot be read."""
    try:
        if not (folder / INDEX).is_file():
            return None
        contents = {
            f"/{path.relative_to(folder).as_posix()}": path.read_bytes() for path in folder.rglob("*") if path.is_file()
        }
    except FileNotFoundError:  # the folder was moved away meanwhile
        return None
    plain = {path: content for path, content in contents.items() if not path.endswith(tuple(_CODINGS))}
    files = {path: _built_file(path, contents) for path in plain}
    pages = {path[1:]: file for path, file in files.items() if path.endswith(".html") and "/" not in path[1:]}
    return Build({path: file for path, file in files.items() if path[1:] not in pages}, pages)


def _built_file(path: str, contents: Mapping[str, bytes]) -> BuiltFile:
    content = contents[path]
    coded = {coding: contents[path + end] for end, coding in _CODINGS.items() if path + end in contents}
    suffix = Path(path).suffix
    scripts = inline_script_hashes(content.decode()) if suffix == ".html" else ()
    content_type = _TYPES.get(suffix, "application/octet-stream")
    return BuiltFile(content_type, {IDENTITY: content, **coded}, hashlib.sha256(content).hexdigest()[:32], scripts)


def inline_script_hashes(html: str) -> tuple[str, ...]:
    """The CSP source of each inline script (CSP3 §6.7.2.3)."""
    parser = _InlineScripts()
    parser.feed(html)
    parser.close()
    return tuple(dict.fromkeys(_csp_hash(script) for script in parser.found))


def _csp_hash(script: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


class _InlineScripts(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "script" and not any(name == "src" for name, _ in attrs):
            self._inside = True
            self.found.append("")

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.found[-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._inside = False
