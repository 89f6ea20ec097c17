"""Whose addresses stand in From and Sender of a message (RFC 5322 §3.6.2), by its bytes.

Programs read malformed fields differently: one shows the first of two addresses, another the last. So a field that does
not follow the grammar names nobody, and what was read is exactly what every reader sees.
"""

import re
from collections.abc import Iterable

import idna

from postroom.domain import header_section
from postroom.domain.address import MAX_ADDRESS, printable

# A blank, a comment, a quoted string, a special character, or an atom. Also dots in a name (RFC 5322 §4.1) and letters
# beyond ASCII (RFC 6532), which is what mail programs write.
_TOKEN = re.compile(
    r"""(?P<skipped>[ \t]++|\((?:[^()\\]|\\.)*+\))
    |"(?P<quoted>(?:[^"\\]|\\.)*+)"
    |(?P<special>[<>,:;@])
    |(?P<atom>[^ ()<>\[\]:;@\\,"]++)""",
    re.VERBOSE,
)
_FOLD = re.compile(r"\r?\n(?=[ \t])")
# Also what is not UTF-8: in another charset, a part of a letter may be a quote.
_UNREADABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ufffd]")
_ESCAPED = re.compile(r"\\(.)")
# The grammar over the kinds of tokens: `a`, an atom, `q`, a quoted string, and the special characters as they are.
_MAILBOX = r"(?:[aq]*+<[aq]@a>|[aq]@a)"
_MAILBOXES = rf"{_MAILBOX}(?:,{_MAILBOX})*+"
_GROUP = rf"(?:[aq]++:(?:{_MAILBOXES})?+;)"
_FIELD = re.compile(rf"(?:{_MAILBOX}|{_GROUP})(?:,(?:{_MAILBOX}|{_GROUP}))*+")
_LONGEST = 20_000  # characters
_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}

Address = tuple[str, str]
"""Local part and domain, comparable: they are not one string, since a quoted local part may hold an `@`."""


def refusal(start: bytes, identities: Iterable[str]) -> str | None:
    """Why a message that begins so may not be sent by who has these identities (their addresses, also `*@domain`, RFC
    8621 §6); None if it may."""
    fields = header_section.fields_of(start)
    if fields is None:
        return (
            "the header of this message is too long, or cannot be read with certainty; each line must be `Name: value` "
            "or begin with a blank, and end with CR LF; an empty one must follow"
        )
    if not any(name == "from" for name, _ in fields):
        return "this message names no author: it has no From field"
    own = {_of_identity(each) for each in identities}
    for name in ("From", "Sender"):
        for value in (value for other, value in fields if other == name.lower()):
            found = addresses_of(value)
            if found is None:
                return f"the {name} field of this message cannot be read with certainty; write it as Name <address>"
            if not found:
                return f"the {name} field of this message has no address"
            for local, domain in found:
                if not own & {(local, domain), ("*", domain)}:
                    address = printable(f"{local}@{domain}")
                    return f"the {name} field of this message has {address}, which none of your identities has"
    return None


def addresses_of(field: str) -> list[Address] | None:
    """All addresses in the value of a field, those of groups, too; None if it does not follow the grammar, or is too
    long for anybody to have written it."""
    if len(field) > _LONGEST or _UNREADABLE.search(text := _FOLD.sub("", field)):
        return None
    tokens: list[tuple[str, str]] = []
    end = 0
    while end < len(text):
        token = _TOKEN.match(text, end)
        if token is None:
            return None
        end = token.end()
        match token.lastgroup:
            case "atom":
                tokens.append(("a", token["atom"]))
            case "quoted":
                tokens.append(("q", _ESCAPED.sub(r"\1", token["quoted"])))
            case "special":
                tokens.append((token["special"], ""))
            case _:
                pass
    kinds = "".join(kind for kind, _ in tokens)
    if kinds and not _FIELD.fullmatch(kinds):
        return None
    return [_comparable(tokens[at - 1][1], tokens[at + 1][1]) for at, kind in enumerate(kinds) if kind == "@"]


def _of_identity(address: str) -> Address:
    local, _, domain = address.rpartition("@")
    return _comparable(local, domain)


def _comparable(local: str, domain: str) -> Address:
    return local.translate(_LOWER), domain.translate(_LOWER) if domain.isascii() else _a_labels(domain)


def _a_labels(domain: str) -> str:
    """The domain in its ASCII form; the domain itself if it has none.

    Without the mapping of UTS 46, which takes a zero-width space away: not every program would see the same domain."""
    if len(domain) > MAX_ADDRESS:  # before IDNA, whose work grows with the square of the length
        return domain
    try:
        return idna.encode("".join(map(_lower, domain))).decode("ascii")
    except idna.IDNAError:
        return domain


def _lower(letter: str) -> str:
    """In lower case, but never across the border of ASCII: the KELVIN SIGN must not become a k."""
    lower = letter.lower()
    return lower if letter.isascii() == lower.isascii() else letter
