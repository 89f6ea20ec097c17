"""Runs a Sieve script for one incoming message (RFC 5228, 3894, 5173, 5230, 5232, 5235, 5260, 5703, 9042).

It knows what the filters of an interface use. Other tests are false and other commands do nothing.
"""

import contextlib
import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from email.message import EmailMessage, Message
from email.policy import default
from email.utils import getaddresses
from typing import Any

from postroom_sandbox.stalwart.mail.sieve_tree import Node

_MAX_REDIRECTS = 1
_FLAGS = {"\\seen": "$seen", "\\flagged": "$flagged", "\\answered": "$answered", "\\draft": "$draft"}


@dataclass(frozen=True)
class Target:
    """Where `fileinto` wants the message: by id, if it is given and there is such a mailbox, else by name."""

    name: str
    mailbox_id: str | None
    flags: tuple[str, ...]


@dataclass
class Outcome:
    """`kept`: the Inbox, with these keywords; None: not there."""

    kept: tuple[str, ...] | None = None
    targets: list[Target] = field(default_factory=list[Target])
    redirects: list[str] = field(default_factory=list[str])
    reply: Node | None = None

    @property
    def is_left_to_server(self) -> bool:
        """No command has filed the message: Stalwart moves it to Junk if it is spam."""
        return self.kept is not None and not self.targets


class _Stop(Exception):
    pass


def run(script: list[Node], message: Message, *, is_spam: bool, now: datetime | None = None) -> Outcome:
    running = _Run(message, is_spam, now or datetime.now(UTC))
    with contextlib.suppress(_Stop):
        running.commands(script)
    if running.keeps:
        running.outcome.kept = tuple(running.flags)
    return running.outcome


class _Run:
    def __init__(self, message: Message, is_spam: bool, now: datetime) -> None:
        self._message = message
        self._is_spam = is_spam
        self._now = now
        self.outcome = Outcome()
        self.flags: list[str] = []
        self.keeps = True
        """the implicit keep (RFC 5228 §2.10.2)"""

    def commands(self, nodes: list[Node]) -> None:
        is_open = False  # no branch of the `if` before was taken
        for node in nodes:
            match node.name:
                case "if" | "elsif" | "else":
                    if node.name == "if":
                        is_open = True
                    if is_open and (node.name == "else" or self._is_true(node.tests[0])):
                        is_open = False
                        self.commands(node.block)
                case _:
                    self._command(node)

    def _command(self, node: Node) -> None:  # noqa: C901 - one case a command
        match node.name:
            case "stop":
                raise _Stop
            case "keep":
                self.keeps = True
            case "discard":
                self.keeps = False
            case "fileinto":
                flags = tuple(_keywords(node.tags["flags"])) if "flags" in node.tags else tuple(self.flags)
                self.outcome.targets.append(Target(node.values[0], node.tags.get("mailboxid"), flags))
                self.keeps = self.keeps and "copy" in node.tags
            case "redirect":
                if len(self.outcome.redirects) < _MAX_REDIRECTS:
                    self.outcome.redirects.append(node.values[0])
                self.keeps = self.keeps and "copy" in node.tags
            case "addflag":
                self.flags += [flag for flag in _keywords(node.values[-1]) if flag not in self.flags]
            case "setflag":
                self.flags = list(_keywords(node.values[-1]))
            case "removeflag":
                gone = set(_keywords(node.values[-1]))
                self.flags = [flag for flag in self.flags if flag not in gone]
            case "vacation":
                self.outcome.reply = node
            case _:
                pass

    def _is_true(self, test: Node) -> bool:  # noqa: C901 - one case a test
        match test.name:
            case "true":
                return True
            case "not":
                return not self._is_true(test.tests[0])
            case "anyof":
                return any(self._is_true(each) for each in test.tests)
            case "allof":
                return all(self._is_true(each) for each in test.tests)
            case "exists":
                return all(name in self._message for name in _listed(test.values[0]))
            case "size":
                size = len(self._message.as_bytes())
                return size > test.tags["over"] if "over" in test.tags else size < test.tags["under"]
            case "header":
                return _compares(test, self._headers(test))
            case "address":
                return _compares(test, self._addresses(test))
            case "body":
                return _compares(test, _texts(self._message), keys=test.values[0])
            case "spamtest":
                return _compares(test, ["10" if self._is_spam else "1"], keys=test.values[0])
            case "currentdate":
                return _compares(test, [self._date(test)], keys=test.values[1])
            case _:
                return False

    def _headers(self, test: Node) -> Iterator[str]:
        parts = self._message.walk() if "mime" in test.tags and "anychild" in test.tags else [self._message]
        for part in parts:
            for name in _listed(test.values[0]):
                yield from (_in_form(test, str(value).strip()) for value in part.get_all(name, []))

    def _addresses(self, test: Node) -> Iterator[str]:
        for _, address in getaddresses([str(each) for each in self._headers(test)]):
            local, _, domain = address.rpartition("@")
            yield domain if "domain" in test.tags else local if "localpart" in test.tags else address

    def _date(self, test: Node) -> str:
        zone = test.tags.get("zone", "+0000")
        minutes = int(zone[1:3]) * 60 + int(zone[3:5])
        at = self._now.astimezone(timezone(timedelta(minutes=-minutes if zone[0] == "-" else minutes)))
        formats = {"date": "%Y-%m-%d", "time": "%H:%M:%S", "iso8601": "%Y-%m-%dT%H:%M:%S%z"}
        return at.strftime(formats.get(test.values[0].lower(), "%Y-%m-%d"))


def _in_form(test: Node, value: str) -> str:
    """Of "text/plain; charset=utf-8", what `:type`, `:subtype` or `:contenttype` asks for (RFC 5703 §4.2)."""
    kind = value.partition(";")[0].strip()
    if "type" in test.tags:
        return kind.partition("/")[0]
    if "subtype" in test.tags:
        return kind.partition("/")[2]
    return kind if "contenttype" in test.tags else value


def _compares(test: Node, values: Any, *, keys: Any = None) -> bool:
    wanted = _listed(test.values[1] if keys is None else keys)
    is_number = test.tags.get("comparator") == "i;ascii-numeric"
    how = _matcher(test, is_number)
    return any(how(_folded(value), _folded(key)) for value in values for key in wanted)


def _matcher(test: Node, is_number: bool) -> Callable[[str, str], bool]:
    if "value" in test.tags:
        return _relation(test.tags["value"], is_number)
    if "contains" in test.tags:
        return lambda value, key: key in value
    if "matches" in test.tags:
        return lambda value, key: re.fullmatch(_pattern(key), value, re.DOTALL) is not None
    return lambda value, key: value == key


def _relation(name: str, is_number: bool) -> Callable[[str, str], bool]:
    """RFC 5231 §4.1"""

    compare: Callable[[Any, Any], bool] = getattr(operator, name)
    return lambda value, key: compare(int(value), int(key)) if is_number else compare(value, key)


def _pattern(key: str) -> str:
    parts = re.findall(r"\\.|.", key, re.DOTALL)
    return "".join(
        {"*": ".*", "?": "."}.get(part) or re.escape(part[1:] if part.startswith("\\") and len(part) > 1 else part)
        for part in parts
    )


def _folded(text: str) -> str:
    """Stalwart compares without the case of all letters, not only of ASCII ones."""
    return text.lower()


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]  # pyright: ignore[reportUnknownVariableType] - of strings, as the reader made it


def _keywords(value: Any) -> Iterator[str]:
    for flag in " ".join(_listed(value)).split():
        yield _FLAGS.get(flag.lower(), flag.lower())


def _texts(message: Message) -> Iterator[str]:
    for part in message.walk():
        if part.get_content_maintype() == "text" and isinstance(part, EmailMessage):
            yield part.get_content()


POLICY = default
"""With which a message has to be parsed: its headers are decoded."""
