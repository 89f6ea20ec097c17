"""Checks the syntax of Sieve scripts (RFC 5228 §8).

It knows the language and the common extensions. It refuses other commands and accepts other tests, as Stalwart accepts
tests that it does not know.
"""

from dataclasses import dataclass

from postroom_sandbox.stalwart.mail.sieve_token import TOKEN

MAX_SIZE = 102_400
# The number of positional arguments of a command, and the extension that defines it.
_COMMANDS: dict[str, tuple[int, str]] = {
    **dict.fromkeys(("keep", "discard", "stop"), (0, "")),
    **dict.fromkeys(("redirect", "require"), (1, "")),
    **{name: (1, name) for name in ("fileinto", "reject", "ereject", "vacation")},
    **dict.fromkeys(("setflag", "addflag", "removeflag"), (1, "imap4flags")),
    "set": (2, "variables"),
    "addheader": (2, "editheader"),
    "deleteheader": (1, "editheader"),
    "notify": (1, "enotify"),
}
_TESTS: dict[str, tuple[int, str]] = {
    **dict.fromkeys(("true", "false"), (0, "")),
    **dict.fromkeys(("exists", "size"), (1, "")),
    **dict.fromkeys(("address", "header"), (2, "")),
    "envelope": (2, "envelope"),
    "body": (1, "body"),
    "currentdate": (2, "date"),
    "date": (3, "date"),
    "hasflag": (1, "imap4flags"),
    "mailboxexists": (1, "mailbox"),
    "spamtest": (1, "spamtest"),
    "string": (2, "variables"),
}
# The extensions that define a tag. For :mailboxid Stalwart requires "mailbox" instead of "mailboxid" (RFC 9042).
_OF_TAGS = {
    **dict.fromkeys((":create", ":mailboxid"), "mailbox"),
    **dict.fromkeys((":user", ":detail"), "subaddress"),
    **dict.fromkeys((":value", ":count"), "relational"),
    ":copy": "copy",
    ":flags": "imap4flags",
    ":regex": "regex",
    ":specialuse": "special-use",
}
_WITH_VALUE = {
    *(":comparator", ":value", ":count", ":over", ":under"),
    *(":days", ":seconds", ":subject", ":from", ":addresses", ":handle", ":flags", ":index"),
    *(":importance", ":options", ":message", ":fcc", ":mailboxid", ":specialuse", ":content", ":zone"),
}
_BARE = {
    *(":is", ":contains", ":matches", ":regex", ":all", ":localpart", ":domain", ":user", ":detail", ":last"),
    *(":mime", ":copy", ":create", ":lower", ":upper", ":lowerfirst", ":upperfirst", ":quotewildcard", ":length"),
    *(":text", ":raw", ":originalzone", ":anychild", ":type", ":subtype", ":contenttype"),
}
# What begins a token that must end, too.
_UNTERMINATED = {'"': "string", "/*": "comment", "text:": "multi-line string"}
_MAX_STRING = 4096


class InvalidScript(Exception):
    """The script is not valid; the text is for its author."""


class TooLarge(InvalidScript):
    pass


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    place: int


def check(content: bytes) -> None:
    """Raises InvalidScript."""
    if len(content) > MAX_SIZE:
        raise TooLarge("Sieve script is too large.")
    _Reader(content.decode("utf-8", "replace")).script()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._split()
        self._next = 0
        self._required: set[str] = set()

    def _split(self) -> list[_Token]:
        found: list[_Token] = []
        place = 0
        while place < len(self._text):
            token = TOKEN.match(self._text, place)
            if token is None:
                raise InvalidScript(f"{self._broken_off(place)} at {self._where(place)}.")
            kind = str(token.lastgroup).replace("lines", "string")
            if kind != "space":
                found.append(_Token(kind, str(token[str(token.lastgroup)]), place))
                if kind == "string" and len(found[-1].text.encode()) > _MAX_STRING:
                    raise InvalidScript(f"String is too long at {self._where(place)}.")
            place = token.end()
        return [*found, _Token("end", "end of the script", place)]

    def _broken_off(self, place: int) -> str:
        for start, what in _UNTERMINATED.items():
            if self._text.startswith(start, place):
                return f"Unterminated {what}"
        return f"Invalid character {self._text[place]!r}"

    def _where(self, place: int) -> str:
        """Columns count from 0 in the first line, and from 1 in the others."""
        before = self._text[:place]
        return f"line {before.count(chr(10)) + 1}, column {place - max(before.rfind(chr(10)), 0)}"

    def _require(self, extension: str, place: int) -> None:
        if extension and extension not in self._required:
            raise InvalidScript(f"Undeclared capability '{extension}' at {self._where(place)}.")

    def _expected(self, what: str) -> InvalidScript:
        token = self._tokens[self._next]
        return InvalidScript(f'Expected token "{what}" but found "{token.text[:50]}" at {self._where(token.place)}.')

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self, kind: str, *texts: str) -> _Token | None:
        token = self._peek()
        if token.kind != kind or (texts and token.text.lower() not in texts):
            return None
        self._next += 1
        return token

    def _need(self, kind: str, *texts: str) -> None:
        if not self._take(kind, *texts):
            raise self._expected(" or ".join(texts) or kind)

    def script(self) -> None:
        self._commands()
        if self._peek().kind != "end":
            raise self._expected("instruction")

    def _commands(self) -> None:
        after_if = False
        while name := self._take("name"):
            word = name.text.lower()
            if word in ("if", "elsif", "else"):
                if word != "if" and not after_if:
                    self._next -= 1
                    raise self._expected(f"if before {word}")
                if word != "else":
                    self._test()
                self._block()
                after_if = word != "else"
                continue
            after_if = False
            self._command(name)

    def _block(self) -> None:
        start = self._peek().place
        self._need("mark", "{")
        self._commands()
        if self._peek().kind == "end":
            raise InvalidScript(f"Unterminated block at {self._where(start)}.")
        self._need("mark", "}")

    def _command(self, name: _Token) -> None:
        if name.text.lower() not in _COMMANDS:
            # Stalwart does not say where it is.
            raise InvalidScript(f'Expected token "command" but found "{name.text[:50]}" at line 0, column 0.')
        start = self._next
        self._arguments(*_COMMANDS[name.text.lower()], name)
        if name.text.lower() == "require":
            self._required |= {token.text for token in self._tokens[start : self._next] if token.kind == "string"}
        if self._peek().kind != "end":
            self._need("mark", ";")

    def _test(self) -> None:
        name = self._take("name")
        if not name:
            raise self._expected("test name")
        match name.text.lower():
            case "not":
                self._test()
            case "anyof" | "allof":
                self._need("mark", "(")
                self._tests()
            case known if known in _TESTS:
                self._arguments(*_TESTS[known], name)
            case _:
                while self._take("tag") or self._value():
                    pass

    def _tests(self) -> None:
        if self._take("mark", ")"):
            return
        self._test()
        while self._take("mark", ","):
            self._test()
        self._need("mark", ")")

    def _arguments(self, number: int, extension: str, name: _Token) -> None:
        """Read tags, then this number of values."""
        self._require(extension, name.place)
        values = 0
        while tag := self._take("tag", *_WITH_VALUE, *_BARE):
            self._require(_OF_TAGS.get(tag.text.lower(), ""), tag.place)
            if tag.text.lower() in (":over", ":under"):
                continue  # the next value is an argument of the test
            if tag.text.lower() in _WITH_VALUE and not self._value():
                raise self._expected("string")
        while values < number:
            if not self._value():
                raise self._expected("string")
            values += 1

    def _value(self) -> bool:
        if self._take("string") or self._take("number"):
            return True
        if not self._take("mark", "["):
            return False
        self._need("string")
        while self._take("mark", ","):
            self._need("string")
        self._need("mark", "]")
        return True
