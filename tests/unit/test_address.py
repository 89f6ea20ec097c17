"""Which addresses Postroom assigns: those that the mail server stores unchanged and that imitate no other."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from postroom.domain.address import RESERVED_NAMES, Address, normalise_domain, parse_address, printable
from postroom.domain.mailbox import MARK_PREFIX
from postroom.errors import Refused

DOMAINS = ("example.org", "example.net", "xn--mnchen-3ya.de")
LONGEST = "a" * 64


def parse(raw: str) -> Address:
    return parse_address(raw, domains=DOMAINS, reserved=RESERVED_NAMES)


@pytest.mark.parametrize(
    ("raw", "address"),
    [
        ("alice@example.org", "alice@example.org"),
        ("Alice@Example.ORG", "alice@example.org"),
        ("  alice@example.org\t", "alice@example.org"),
        ("\u00a0alice@example.org\u3000", "alice@example.org"),
        ("alice@example.org\n", "alice@example.org"),
        ("a.b-c_d.9@example.net", "a.b-c_d.9@example.net"),
        ("7@example.org", "7@example.org"),
        (f"{LONGEST}@example.org", f"{LONGEST}@example.org"),
        ("alice@münchen.de", "alice@xn--mnchen-3ya.de"),
        ("alice@MÜNCHEN.de", "alice@xn--mnchen-3ya.de"),
        ("alice@mu\u0308nchen.de", "alice@xn--mnchen-3ya.de"),
        ("alice@XN--MNCHEN-3YA.de", "alice@xn--mnchen-3ya.de"),
        ("alice@example.org.", "alice@example.org"),
        ("rooter@example.org", "rooter@example.org"),
        ("info.desk@example.org", "info.desk@example.org"),
        ("postroomer@example.org", "postroomer@example.org"),
    ],
)
def test_address_is_trimmed_and_lowercased_and_its_domain_made_ascii(raw: str, address: str) -> None:
    assert str(parse(raw)) == address


WITHOUT_BOTH_PARTS = ["", " ", "@", "alice", "alice@", "@example.org", "alice@ ", "example.org", "alice@@"]
UNSAFE_LOCAL_PARTS = [
    "alice%admin",  # impersonation: user%master
    "alice+work",  # sub-addressing
    '"alice"',
    "o'hara",
    '"a b"',
    "al ice",
    "al\tice",
    "al\nice",
    "al\r\nice",
    "al\x00ice",
    "al\x7fice",
    "al\u00a0ice",
    "al\u200bice",
    "\u0430lice",  # a Cyrillic a
    "ünï",
    "alice\u0301",
    "\uff41lice",  # full width
    "\u212aate",  # KELVIN SIGN: its lower case is an ASCII k
    "\u0130vy",
    "ﬁona",
    "٣",
    ".alice",
    "alice.",
    "al..ice",
    ".",
    "alice@home",
    "alice,bob",
    "alice;bob",
    "alice:bob",
    "<alice",
    "(alice)",
    "al\\ice",
    "al/ice",
    "al*ice",
    "al!ice",
    "al=ice",
    "a" * 65,
    "é" * 40,
    "a" * 10_000,
]
INVALID_DOMAINS = [
    "example..org",
    ".example.org",
    "exam ple.org",
    "exa\x00mple.org",
    "exam\nple.org",
    "-example.org",
    "localhost",
    "org",
    "xn--a.org",
    "x" * 64 + ".org",
    "x" * 255,
    "exa\u200bmple..org",
    "exa\ud800mple.org",
]
UNSERVED_DOMAINS = ["example.com", "sub.example.org", "example.org.net", "xample.org", "\u0435xample.org", "münch.de"]
RESERVED = ["postmaster", "Abuse", "ADMIN", "root", " webmaster", "mailer-daemon", "autoconfig"]
MARKS = ["postroom-8b9e4c7ac3d64daea06aacb8a03ece9a", "postroom-x", "POSTROOM-x", "postroom-"]


@pytest.mark.parametrize(
    ("raw", "code", "words"),
    [
        *((raw, "malformed_address", ".") for raw in WITHOUT_BOTH_PARTS),
        *((f"{local_part}@example.org", "unsafe_local_part", ".") for local_part in UNSAFE_LOCAL_PARTS),
        *((f"alice@{domain}", "malformed_address", ".") for domain in INVALID_DOMAINS),
        *((f"alice@{domain}", "domain_not_served", "served: example.net, example.org") for domain in UNSERVED_DOMAINS),
        *((f"{name}@example.org", "reserved_name", name.strip().lower()) for name in RESERVED),
        *((f"{mark}@example.org", "reserved_name", ".") for mark in MARKS),
    ],
)
def test_address_that_nobody_gets_is_refused_with_its_code(raw: str, code: str, words: str) -> None:
    with refusal(code, words):
        parse(raw)


def test_names_of_rfc_2142_are_reserved() -> None:
    rfc_2142 = (
        "info marketing sales support abuse noc security postmaster hostmaster usenet news webmaster www uucp ftp"
    )
    assert set(rfc_2142.split()) <= RESERVED_NAMES


def test_operator_can_choose_the_reserved_names() -> None:
    assert str(parse_address("info@example.org", domains=DOMAINS, reserved={"boss"})) == "info@example.org"
    with refusal("reserved_name"):
        parse_address("boss@example.org", domains=DOMAINS, reserved={"boss"})


def test_address_of_more_than_254_octets_is_malformed() -> None:
    domain = ".".join(["d" * 63] * 3)  # 191 octets, and 64 + 1 + 191 = 256
    with refusal("malformed_address", "longer than 254"):
        parse_address(f"{LONGEST}@{domain}", domains=[domain], reserved=())
    assert parse_address(f"{LONGEST[:62]}@{domain}", domains=[domain], reserved=())


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        ("alice", "'alice' is not a mail address (name@domain)"),
        ("alice@a..org", "the domain 'a..org' is not a domain name"),
        ("alice@localhost", "the domain 'localhost' has no dot"),
        (
            "al ice@example.org",
            "the name 'al ice' may hold only the letters a-z, digits, '-', '_' and single dots inside",
        ),
        ("a" * 65 + "@example.org", "the name before the @ is longer than 64 characters"),
        ("postroom-x@example.org", "names that begin with postroom- are reserved; choose another one"),
        ("info@example.org", "the name info is reserved; choose another one"),
        ("alice@" + "x" * 255, "the domain is longer than 254 characters"),
    ],
)
def test_refusal_says_what_was_wrong_with_the_address(raw: str, sentence: str) -> None:
    with pytest.raises(Refused, check=lambda error: str(error) == sentence):
        parse(raw)


# The address as Stalwart stores it (without white space, in lower case), in the form of RFC 5322's dot-atom.
STORED_UNCHANGED = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*@[a-z0-9-]+(\.[a-z0-9-]+)+")

ANY = st.text(st.characters(), max_size=20)  # lone surrogates too
LIKELY = st.text("abAB09._-", min_size=1, max_size=70)
ODD = st.text("ab9._-+%@ \"'\n\x00\u00e9\u0130\u212a\u0430", min_size=1, max_size=6)
DOMAIN = st.sampled_from([*DOMAINS, "Example.ORG", " example.org", "m\u00fcnchen.de."])
RAW = st.builds("{}@{}".format, LIKELY | ODD | ANY, DOMAIN | ANY)


@given(RAW)
@example("\u212aate@example.org")
@example("alice@example。org")
def test_accepted_address_is_stored_unchanged(raw: str) -> None:
    address = accepted(raw)
    if address is None:
        return
    assert STORED_UNCHANGED.fullmatch(str(address))
    assert str(address).isascii()
    assert len(address.local_part) <= 64
    assert address.domain in DOMAINS
    assert address.local_part not in RESERVED_NAMES
    assert not address.local_part.startswith(MARK_PREFIX)


@given(RAW)
def test_accepted_local_part_is_the_typed_one_except_for_ascii_case(raw: str) -> None:
    """Except for ASCII case and surrounding white space, nobody gets another name than the one they typed."""
    address = accepted(raw)
    if address is None:
        return
    typed = raw.strip().rpartition("@")[0]
    assert typed.isascii()
    assert typed.lower() == address.local_part


@given(RAW)
def test_parsing_an_address_twice_changes_nothing(raw: str) -> None:
    address = accepted(raw)
    assert address is None or parse(str(address)) == address


@given(ANY, ANY)
def test_refusal_text_is_printable_whatever_was_typed(local_part: str, domain: str) -> None:
    with pytest.raises(Refused, check=lambda error: str(error).isprintable()):
        parse(f"{local_part}%@{domain}")
    with pytest.raises(Refused, check=lambda error: str(error).isprintable()):
        parse(f"alice@{domain}!")


@given(st.text("aB9-.\u00fc\u3002\u00df\uff41\u0131 ", min_size=1, max_size=9))
def test_domain_normalisation_is_idempotent(label: str) -> None:
    try:
        domain = normalise_domain(f"{label}.org")
    except Refused:
        return
    assert normalise_domain(domain) == domain
    assert domain.isascii()


def test_domain_loses_only_its_trailing_dots() -> None:
    assert normalise_domain("EXAMPLE.MX..") == "example.mx"


def test_printed_text_is_shortened_and_escaped() -> None:
    assert printable("a\nb\x00") == r"'a\nb\x00'"
    assert printable("\u0430lice") == r"'\u0430lice'", "a confusable letter is visible"
    assert (len(printable("x" * 1000)), printable("x" * 81)) == (82, repr("x" * 77 + "..."))
    assert printable("x" * 80) == repr("x" * 80)


def accepted(raw: str) -> Address | None:
    try:
        return parse(raw)
    except Refused:
        return None


def refusal(code: str, match: str = "."):
    return pytest.raises(Refused, match=match, check=lambda error: error.code == code)
