"""What is wrong with a command line, in one line. Typer itself prints three, partly in the words of pydantic."""

import re

import typer

_WORDS = (
    (r": Value error, ", ": "),
    (r"Input should be a valid integer, .*", "must be a whole number"),
    (r"Input should be a valid number, .*", "must be a number"),
    (r"Input should be greater than or equal to", "must be at least"),
    (r"Input should be less than or equal to", "must be at most"),
)


def usage_line(error: typer.TyperException) -> str:
    message = " ".join(error.format_message().split())
    for theirs, ours in _WORDS:
        message = re.sub(theirs, ours, message)
    context = getattr(error, "ctx", None)
    if context is None:
        return message
    stop = "" if message.endswith((".", "?")) else "."
    return f"{message}{stop} See {context.command_path} --help"
