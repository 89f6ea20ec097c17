"""The reason that an operator gives; the audit keeps it."""

from postroom.errors import Refused


def required_reason(reason: str) -> str:
    """`reason` itself. Raises `Refused` if it is empty, or not a text that PostgreSQL can store."""
    if not reason.strip():
        raise Refused("no_reason", "the reason is empty; say why, for those who read it later")
    try:
        reason.encode()
    except UnicodeEncodeError:
        raise Refused("no_text", "the reason is not text in UTF-8") from None
    if "\0" in reason:
        raise Refused("no_text", "the reason has a NUL character, which PostgreSQL cannot store")
    return reason
