"""The tokens of a Sieve script, as Stalwart reads them (RFC 5228 §8.1)."""

import re

# A quotation mark behind a backslash ends no string in Stalwart, even if that backslash is itself escaped.
TOKEN = re.compile(
    r"""(?P<space>\s+|\#[^\n]*|/\*.*?\*/)
    |text:[ \t]*(?:\#[^\n]*)?\r?\n(?P<lines>(?:.*?\n)??)\.(?:\r?\n|\Z)
    |"(?P<string>(?:[^"]|(?<=\\)")*)(?<!\\)"
    |(?P<number>[0-9]+[KMG]?)\b
    |(?P<tag>:[A-Za-z_][A-Za-z0-9_]*)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<mark>[\[\]{}(),;])""",
    re.DOTALL | re.VERBOSE,
)
