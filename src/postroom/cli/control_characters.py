"""Escapes untrusted text, so that it cannot control a terminal, break a row of a table, or imitate other text."""


def escape_control(text: str) -> str:
    """`text` with control characters escaped (also tabs and line breaks), and marks that change the direction of
    writing, which can make one address look like another."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
