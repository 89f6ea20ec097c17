"""The interface as `make web` has built it here: what its pages hold, and what the service says of them."""

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterator

import pytest

from built_web import require_interface
from postroom.web.build import FOLDER, FRAMES, Build, read_build
from postroom.web.security_policy import TITLE_STYLE, TRUSTED_TYPES, is_remote, may_print


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
    assert all(file.scripts for file in frames.values())


def test_every_trusted_types_policy_of_the_scripts_is_allowed(build: Build) -> None:
    named = {name for text in scripts(build) for name in re.findall(r"createPolicy\([\"'`]([^\"'`]+)", text)}
    assert named <= set(TRUSTED_TYPES)
    assert "svelte-trusted-html" in named


def test_scripts_and_styles_are_compressed(build: Build) -> None:
    text = {path: file for path, file in build.files.items() if path.endswith((".js", ".css"))}
    assert [path for path, file in text.items() if not {"br", "gzip"} <= file.bodies.keys()] == []
