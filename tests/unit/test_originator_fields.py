"""Whose addresses From and Sender hold, and which of them a person may write."""

from time import process_time

import pytest

from postroom.domain.originator_fields import addresses_of, refusal

ANN = ("ann", "example.org")
CEO = ("ceo", "bank.example")


@pytest.mark.parametrize(
    ("field", "addresses"),
    [
        (" ann@example.org", [ANN]),
        ("<ann@example.org>", [ANN]),
        (" Ann B. Example <ann@example.org>", [ANN]),
        ("\r\n\tÄnn\r\n =?utf-8?q?ceo=40bank=2Eexample?= <ann@example.org>", [ANN]),
        ('"ceo@bank.example, \\"x\\" <" <ann@example.org> (ceo@bank.example)', [ANN]),
        ("ANN@EXAMPLE.ORG", [ANN]),
        ("ann @ example.org", [ANN]),
        ('"a\\nn"@example.org', [ANN]),
        ("ann@bücher.test, ann@BÜCHER.Test, ann@XN--BCHER-KVA.test", [("ann", "xn--bcher-kva.test")] * 3),
        ("ann@localhost", [("ann", "localhost")]),
        ("ann@example.org, ceo@bank.example", [ANN, CEO]),
        ("Team: ann@example.org, C <ceo@bank.example>;", [ANN, CEO]),
        ("Nobody:;, ceo@bank.example", [CEO]),
        ("Nobody:;", []),
        ("", []),
        (" (ann@example.org)", []),
        # What looks like an own address, and is another one.
        ('"ann@example.org"@bank.example', [("ann@example.org", "bank.example")]),
        ("=?utf-8?q?ann?=@example.org", [("=?utf-8?q?ann?=", "example.org")]),
        ("\u212aate@example.org", [("\u212aate", "example.org")]),
        ("ann%example.org@bank.example", [("ann%example.org", "bank.example")]),
        ("ann@example.org.", [("ann", "example.org.")]),
        ("ann@example.org\u200b", [("ann", "example.org\u200b")]),
        ("ann@\uff45xample.org", [("ann", "\uff45xample.org")]),
        ("ann@\u212a.test", [("ann", "\u212a.test")]),
        ("ann@bü\u200bcher.test", [("ann", "bü\u200bcher.test")]),
        # What programs read differently.
        ("ann@example.org ceo@bank.example", None),
        ("<ceo@bank.example> <ann@example.org>", None),
        ("ceo@bank.example <ann@example.org>", None),
        ("ceo@bank.example, <ann@example.org", None),
        ("<@bank.example:ann@example.org>", None),
        ("ann@example.org@bank.example", None),
        ("ann@[192.0.2.1]", None),
        ("ann@example.org,", None),
        ("Team: ann@example.org", None),
        ("A: B: ann@example.org;;", None),
        ("ann@example.org\x00, ceo@bank.example", None),
        ("ann@example.org\r\nFrom: ceo@bank.example", None),
        ("ann@example.org\rceo@bank.example", None),
        ('"ann@example.org', None),
        ("(a (b) c) ann@example.org", None),
        ("ann\\@example.org", None),
        ("ann", None),
        ("@example.org", None),
    ],
)
def test_all_addresses_of_a_field_are_found_or_none_if_programs_differ(
    field: str, addresses: list[tuple[str, str]] | None
) -> None:
    assert addresses_of(field) == addresses


OWN = ["ann@example.org", "*@ann.test", "me@localhost"]
UNREADABLE = "the header of this message is too long, or cannot be read with certainty"


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("From: ann@example.org", None),
        ("FROM:Ann@Example.Org,\r\n\tme@localhost\r\nsender: x@ann.test", None),
        ("From: x@ann.test, *@ann.test", None),
        ("Date: Thu, 1 Jan 2026 10:00:00 Z\r\nFrom: ann@example.org\r\nSubject:\r\n \r\nX-!~:", None),
        ("Subject: J\xfcrgen\r\nFrom: ann@example.org", None),
        ("From: x@y.ann.test", "the From field of this message has 'x@y.ann.test', which none of your identities has"),
        ("From: *@example.org", "the From field of this message has '*@example.org', which none"),
        ("From: ann@example.org\r\nFrom: ceo@bank.example", "the From field of this message has 'ceo@bank.example'"),
        ("From: ann@example.org\r\nSender: ceo@bank.example", "the Sender field of this message has 'ceo@bank"),
        ("From: ann@example.org\r\nSender:", "the Sender field of this message has no address"),
        ("From: Nobody:;", "the From field of this message has no address"),
        ("Sender: ann@example.org", "this message names no author: it has no From field"),
        ("X: x\r\n\r\nFrom: ann@example.org", "this message names no author: it has no From field"),
        ("\r\nFrom: ann@example.org", "this message names no author: it has no From field"),
        ("From: a b@example.org", "the From field of this message cannot be read"),
        ("From: ann@example.org\r\nSender: a b@example.org", "the Sender field of this message cannot be read"),
        ("From: J\xfcrgen <ann@example.org>", "the From field of this message cannot be read"),
        # In Shift JIS the backslash is a part of a letter, and the quote ends the name.
        ('From: "\x83\\" <ceo@bank.example>, " <ann@example.org>', "the From field of this message cannot be read"),
        # Stalwart's parser does not see the first From, and takes `Fr om` for the second one.
        ("Date: 1 Jan 2026 10:00:00 Z\r\nFrom: ceo@bank.example", "the From field of this message has 'ceo@bank.ex"),
        ("Fr om: ann@example.org", UNREADABLE),
        ("From : ann@example.org", UNREADABLE),
        ("From: ann@example.org\r\nline\r\n \r\nFrom: ceo@bank.example", UNREADABLE),
        ("From: ann@example.org\r\nX: x\rFrom: ceo@bank.example", UNREADABLE),
        ("From: ann@example.org\nX: x\n\nFrom: ceo@bank.example", UNREADABLE),
        ("From: ann@example.org\r\nX: x\x00", UNREADABLE),
        (" From: ann@example.org", UNREADABLE),
        ("\xef\xbb\xbfFrom: ann@example.org", UNREADABLE),
        (": x\r\nFrom: ann@example.org", UNREADABLE),
        (f"From: ann@example.org\r\nX: {'x' * 1000}", UNREADABLE),
    ],
    ids=str,
)
def test_message_may_leave_only_if_each_address_is_one_of_the_identities(header: str, reason: str | None) -> None:
    start = f"{header}\r\n\r\nHello".encode("latin-1")[:1000]  # as the gateway reads a part of it
    found = refusal(start, OWN)
    assert (found or "").startswith(reason or ""), found
    assert (found is None) == (reason is None)


def test_person_without_identities_sends_nothing() -> None:
    assert refusal(b"From: ann@example.org\r\n\r\n", [])


@pytest.mark.parametrize("piece", ["a ", "a@b,", "<", '"', "(", "\\", "a:", "a b:a@b,a@b;,", "\r\n ", "a@ü"])
@pytest.mark.parametrize("length", [20_000, 5_000_000])
def test_long_field_takes_little_time(piece: str, length: int) -> None:
    began = process_time()
    addresses_of((piece * length)[:length])
    assert process_time() - began < 1
