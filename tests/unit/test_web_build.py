"""The built interface as a table, of an invented build."""

import base64
import hashlib
from pathlib import Path

from built_interface import ENTRY, FILES, FRAME_PATH, FRAME_SCRIPT, SCRIPT, write_build
from postroom.web.build import inline_script_hashes, read_build


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
