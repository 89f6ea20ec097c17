"""The text of a letter: its words, the signature, and what it quotes, as plain text and as HTML."""

import html
import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files
from string import Template as Text

_LINE = 72
_SLOT = re.compile(r"\$\{(\w+)\}")


def filled(text: str, value: Callable[[str], str]) -> str:
    """The text with the values of its `${slots}`."""
    return _SLOT.sub(lambda found: value(found[1]), text) if "$" in text else text


def wrapped(text: str) -> str:
    """Lines of at most 72 letters, as most programs send plain text. Lines that begin with a space stay."""
    return "\n".join(line for paragraph in text.split("\n") for line in _lines(paragraph))


def _lines(paragraph: str) -> Iterator[str]:
    if len(paragraph) <= _LINE or paragraph.startswith((" ", ">", "-- ")):
        yield paragraph
        return
    line = ""
    for word in paragraph.split(" "):
        if line and len(line) + len(word) >= _LINE:
            yield line
            line = word
        else:
            line = f"{line} {word}" if line else word
    yield line


def quoted(text: str) -> str:
    return "\n".join(f">{line}" if line.startswith(">") else f"> {line}".rstrip() for line in text.split("\n"))


def as_html(paragraphs: str, signature: str, attribution: str, quotation: str) -> str:
    """What a mail program makes of typed text: paragraphs, the signature, and the quoted message in a block."""
    body = "".join(f"<p>{_inline(each)}</p>\r\n" for each in paragraphs.split("\n\n"))
    if signature:
        body += f'<p class="signature">-- <br>{_inline(signature)}</p>\r\n'
    if quotation:
        body += f'<p>{html.escape(attribution)}</p>\r\n<blockquote type="cite">{_inline(quotation)}</blockquote>\r\n'
    return f'<!doctype html>\r\n<html><head><meta charset="utf-8"></head><body>\r\n{body}</body></html>\r\n'


def _inline(text: str) -> str:
    return html.escape(text, quote=False).replace("\n", "<br>\r\n")


@cache
def layout(name: str) -> Text:
    """An HTML page with `$places`, from `layouts/`."""
    return Text(files("postroom_sandbox.sample_mail").joinpath("layouts", f"{name}.html").read_text("utf-8"))
