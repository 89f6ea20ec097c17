"""What a client accepts."""

import pytest

from postroom.web.acceptable import asks_for_page, best_coding

ALL = ("br", "gzip", "identity")


@pytest.mark.parametrize(
    ("stated", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),  # Chromium, Firefox
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("", "identity"),
        ("deflate", "identity"),
        ("identity", "identity"),
        ("*", "br"),
        ("br;q=0, *", "gzip"),
        ("br;q=0, gzip;q=0", "identity"),
        ("br;q=0.1, gzip;q=0.8", "gzip"),
        ("br; q=0.5, identity; q=1", "identity"),
        ("gzip;q=1.0, identity;q=0.5, *;q=0", "gzip"),
        ("identity;q=0, *;q=0", "identity"),
        ("br;q=0.001", "br"),
        # Malformed weights: as if it were not there.
        ("br;q=nan, gzip", "gzip"),
        ("br;q=-1, gzip", "gzip"),
        ("br;q=², gzip", "gzip"),
        ("br;q=, gzip", "gzip"),
        ("br;q=1e9, gzip", "gzip"),
        (",,;q=1,;;", "identity"),
    ],
)
def test_the_smallest_coding_that_the_client_likes_best_is_sent(stated: str, coding: str) -> None:
    assert best_coding(stated, ALL) == coding


def test_a_coding_that_the_build_lacks_is_never_sent() -> None:
    assert best_coding("br, gzip;q=0.5", ["identity", "gzip"]) == "gzip"
    assert best_coding("br, *", ["identity"]) == "identity"


@pytest.mark.parametrize(
    ("stated", "is_page"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        ("application/xml, Text/HTML;q=0.1", True),
        ("text/html;q=0", False),
        ("*/*", False),
        ("image/avif,image/webp,*/*;q=0.8", False),
        ("application/json", False),
        ("", False),
    ],
)
def test_only_who_names_html_asks_for_a_page(stated: str, is_page: bool) -> None:
    assert asks_for_page(stated) is is_page
