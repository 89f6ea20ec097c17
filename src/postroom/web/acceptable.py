"""What a client accepts (RFC 9110 §12.5): a coding of the content, and whether it asks for a page."""

from collections.abc import Collection, Mapping

IDENTITY = "identity"
PREFERRED = ("br", "gzip", IDENTITY)
"""Among codings that the client likes equally: the smallest first."""

_LEAST = 0.0001
"""The weight of `identity` where the client does not name it: acceptable, but no more than that. Less than 0.001, the
smallest weight that can be stated."""


def best_coding(accept_encoding: str, available: Collection[str]) -> str:
    """The coding to answer with. `identity` is always available, and is sent also to a client that accepts nothing:
    RFC 9110 §12.5.3 allows it, and an error would help nobody."""
    stated = _weights(accept_encoding)

    def weight(coding: str) -> float:
        return stated.get(coding, stated.get("*", _LEAST if coding == IDENTITY else 0.0))

    offered = [coding for coding in PREFERRED if coding == IDENTITY or coding in available]
    acceptable = [coding for coding in offered if weight(coding) > 0]
    return max(acceptable, key=weight, default=IDENTITY)  # the first of equals


def asks_for_page(accept: str) -> bool:
    """Whether a browser opens an address, rather than a script or a picture asking for a file: only the former names
    HTML."""
    return _weights(accept).get("text/html", 0.0) > 0


def _weights(header: str) -> Mapping[str, float]:
    """The weight of each listed value (RFC 9110 §12.4.2); an item with a malformed one is ignored."""
    found: dict[str, float] = {}
    for item in header.lower().split(","):
        value, *parameters = (part.strip() for part in item.split(";"))
        weight = _weight(parameters)
        if value and weight is not None:
            found[value] = weight
    return found


def _weight(parameters: Collection[str]) -> float | None:
    for each in parameters:
        name, _, text = each.partition("=")
        if name.strip() == "q":
            text = text.strip()
            is_number = text[:1] in ("0", "1") and len(text) <= 5 and text.replace(".", "", 1).isdecimal()
            return min(1.0, float(text)) if is_number and text.isascii() else None
    return 1.0
