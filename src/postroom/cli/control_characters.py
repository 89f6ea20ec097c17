"""Text of strangers in our output: it can neither steer a terminal, nor break a row, nor pass for other text."""


def escape_control(text: str) -> str:
    """`text` with everything escaped that is not seen as itself: control characters (a tab and a line break, too), and
    marks that turn the direction of writing, by which one address is made to look like another."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
