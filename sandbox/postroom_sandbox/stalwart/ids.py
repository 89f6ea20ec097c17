"""Stalwart's spelling of numbers as JMAP ids: base 32 with an alphabet of its own."""

ALPHABET = "abcdefghijklmnopqrstuvwxyz792013"
_DIGITS = {letter: digit for digit, letter in enumerate(ALPHABET)}
_LARGEST = 2**63 - 1  # what SQLite can hold

RECOVERY_ADMIN = 2**32 - 1
"""The account number of the recovery administrator, `d333333`: he has no row."""


SINGLETON = 20080258862541
"""What `singleton` spells: the id of settings of which there is one."""


def encode(number: int) -> str:
    text = ALPHABET[number & 31]
    while number := number >> 5:
        text = ALPHABET[number & 31] + text
    return text


def decode(text: object) -> int | None:
    """The number, or None where the text is no id at all."""
    if not isinstance(text, str) or not text or not set(text) <= _DIGITS.keys():
        return None
    number = 0
    for letter in text:
        number = number * 32 + _DIGITS[letter]
    return number if number <= _LARGEST else None
