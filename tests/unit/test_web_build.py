"""The built interface as a table, of an invented build and of the one that `make web` has made here."""

import base64
import hashlib
import re
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from built_interface import ENTRY, FILES, FRAME_PATH, FRAME_SCRIPT, SCRIPT, write_build
from built_web import require_interface
from postroom.web.build import FOLDER, FRAMES, Build, inline_script_hashes, read_build
from postroom.web.security_policy import TITLE_STYLE, TRUSTED_TYPES, is_remote, may_print


def hash_of(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def test_every_file_is_at_its_path_with_its_codings(tmp_path: Path) -> None:
    build = read_build(write_build(tmp_path))
    assert build
    assert {*build.files, *(f"/{name}" for name in build.pages)} == set(FILES)
    assert build.files[ENTRY].bodies == {
        "identity": FILES[ENTRY].encode(),
        "br": f"br of {ENTRY}".encode(),
        "gzip": f"gzip of {ENTRY}".encode(),
    }
    assert build.files[ENTRY].content_type == "text/javascript; charset=utf-8"
    assert build.files["/favicon.svg"].bodies.keys() == {"identity"}


def test_pages_and_frames_have_the_hashes_of_their_inline_scripts(tmp_path: Path) -> None:
    build = read_build(write_build(tmp_path))
    assert build
    assert build.page("mail.html").scripts == (hash_of(SCRIPT),)
    assert build.files[FRAME_PATH].scripts == (hash_of(FRAME_SCRIPT),)


def test_a_page_that_is_not_built_is_shown_by_the_index(tmp_path: Path) -> None:
    write_build(tmp_path)
    (tmp_path / "mail.html").unlink()
    build = read_build(tmp_path)
    assert build
    assert build.page("mail.html") == build.page("index.html")


def test_there_is_no_build_without_an_index(tmp_path: Path) -> None:
    assert read_build(tmp_path) is None
    assert read_build(tmp_path / "nowhere") is None
    write_build(tmp_path)
    (tmp_path / "index.html").unlink()
    assert read_build(tmp_path) is None


def test_a_hash_is_of_the_script_as_it_stands_between_its_tags() -> None:
    html = """<SCRIPT type=module>\n a &amp;&amp; "</p>" <!-- é -->\n</SCRIPT >
      <script src="/x.js"></script><script>b</script><script>b</script><style>c</style><p>d"""
    assert inline_script_hashes(html) == (hash_of('\n a &amp;&amp; "</p>" <!-- é -->\n'), hash_of("b"))


# As `make web` has built it here


@pytest.fixture(scope="module")
def build() -> Build:
    require_interface()
    found = read_build(FOLDER)
    assert found
    return found


def scripts(build: Build) -> Iterator[str]:
    for path, file in build.files.items():
        if path.endswith(".js"):
            yield file.bodies["identity"].decode()


def test_policy_has_the_hash_of_the_one_style_attribute_of_svelte_kit(build: Build) -> None:
    found = {style for text in scripts(build) for style in re.findall(r'"svelte-announcer"[^>]*style="([^"]*)"', text)}
    hashes = [f"'sha256-{b64encode(hashlib.sha256(style.encode()).digest()).decode()}'" for style in found]
    assert hashes == [TITLE_STYLE]


def test_pages_have_the_theme_and_the_start_as_inline_scripts_and_no_style_of_their_own(build: Build) -> None:
    assert build.pages.keys() == {"index.html", "mail.html"}
    for page in build.pages.values():
        html = page.bodies["identity"].decode()
        assert len(page.scripts) == 2
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|http-equiv", html)


def test_there_are_frames_to_read_and_to_print_messages_each_with_and_without_remote_pictures(build: Build) -> None:
    frames = {path: file for path, file in build.files.items() if path.startswith(FRAMES) and path.endswith(".html")}
    assert sorted((may_print(path), is_remote(path)) for path in frames) == [
        (False, False),
        (False, True),
        (True, False),
        (True, True),
    ]
    assert [len(file.scripts) for file in frames.values()] == [1] * 4


def test_every_trusted_types_policy_of_the_scripts_is_allowed(build: Build) -> None:
    named = {name for text in scripts(build) for name in re.findall(r"createPolicy\([\"'`]([^\"'`]+)", text)}
    assert named <= set(TRUSTED_TYPES)
    assert "svelte-trusted-html" in named


def test_scripts_and_styles_are_compressed(build: Build) -> None:
    text = {path: file for path, file in build.files.items() if path.endswith((".js", ".css"))}
    assert [path for path, file in text.items() if not {"br", "gzip"} <= file.bodies.keys()] == []
