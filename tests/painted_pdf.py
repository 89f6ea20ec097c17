"""The text of a PDF that Chromium wrote: what its fonts' tables say of the glyphs, in the order they are painted."""

import re
import zlib
from collections.abc import Mapping
from typing import NamedTuple

_OBJECT = re.compile(rb"(\d+) 0 obj\n(.*?)endobj", re.DOTALL)
_STREAM = re.compile(rb"stream\r?\n(.*?)\nendstream", re.DOTALL)
_CHARS = re.compile(r"beginbfchar\n(.*?)endbfchar", re.DOTALL)
_RANGES = re.compile(r"beginbfrange\n(.*?)endbfrange", re.DOTALL)
_CHAR = re.compile(r"<(\w+)> <(\w+)>\n")
_RANGE = re.compile(r"<(\w+)> <(\w+)> <(\w+)>\n")
_PAINTED = re.compile(r"/(F\d+) [\d.]+ Tf|<([0-9A-Fa-f]+)>|(ET)")


class _Font(NamedTuple):
    """`octets`: of a glyph's number."""

    octets: int
    glyphs: Mapping[int, str]


def text_of(pdf: bytes) -> str:
    objects = {int(number): content for number, content in _OBJECT.findall(pdf)}
    fonts: dict[str, _Font] = {}
    for content in objects.values():
        for name, number in re.findall(rb"/(F\d+) (\d+) 0 R", content):
            font = objects.get(int(number), b"")
            if table := re.search(rb"/ToUnicode (\d+) 0 R", font):
                fonts[name.decode()] = _Font(1 if b"/Type3" in font else 2, _glyphs(_stream(objects[int(table[1])])))
    pages = [_stream(content) for content in objects.values() if b"Tf" in _stream(content).encode("latin-1")]
    return "".join(_painted(page, fonts) for page in pages)


def _stream(content: bytes) -> str:
    found = _STREAM.search(content)
    if not found:
        return ""
    return (zlib.decompress(found[1]) if b"/FlateDecode" in content else found[1]).decode("latin-1")


def _glyphs(table: str) -> dict[int, str]:
    ranges = [[int(each, 16) for each in found] for block in _RANGES.findall(table) for found in _RANGE.findall(block)]
    of_ranges = {first + at: chr(start + at) for first, last, start in ranges for at in range(last - first + 1)}
    singles = [found for block in _CHARS.findall(table) for found in _CHAR.findall(block)]
    return of_ranges | {int(glyph, 16): bytes.fromhex(text).decode("utf-16-be") for glyph, text in singles}


def _painted(page: str, fonts: Mapping[str, _Font]) -> str:
    text, font = "", _Font(2, {})
    for name, painted, ended in _PAINTED.findall(page):
        font = fonts.get(name, font)
        numbers = re.findall("." * 2 * font.octets, painted)
        text += "\n" if ended else "".join(font.glyphs.get(int(each, 16), "") for each in numbers)
    return text
