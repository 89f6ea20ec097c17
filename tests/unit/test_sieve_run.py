"""What the stand-in does with a message by a Sieve script. A real Stalwart 0.16 did the same with these scripts."""

import email
from datetime import UTC, datetime

import pytest

from postroom_sandbox.stalwart.mail.sieve_run import POLICY, Outcome, run
from postroom_sandbox.stalwart.mail.sieve_tree import tree

LETTER = b"""From: Friend <friend@example.com>
To: ann@example.org
Subject: =?utf-8?q?case_gr=C3=BCn?=
List-Id: Paper <paper.example.org>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

Hi there
--b
Content-Type: text/plain
Content-Disposition: attachment; filename=a.txt

x
--b--
"""


def done(script: str, *, is_spam: bool = False) -> Outcome:
    now = datetime(2026, 11, 27, 9, tzinfo=UTC)
    return run(tree(script), email.message_from_bytes(LETTER, policy=POLICY), is_spam=is_spam, now=now)


@pytest.mark.parametrize(
    ("test", "hit"),
    [
        ('address :is "from" "FRIEND@example.com"', True),
        ('address :domain :is "from" "EXAMPLE.com"', True),
        ('address :matches "from" "*@example.com"', True),
        ('address :matches "from" "fr?end@*"', True),
        (r'address :matches "from" "\\*"', False),
        ('header :contains "from" "Friend <fr"', True),
        ('header :contains ["subject", "x"] "GRÜN"', True),
        ('header :matches "list-id" ["*<paper.example.org>*", "paper.example.org"]', True),
        ('header :mime :anychild :contains "Content-Disposition" "attachment"', True),
        ('header :mime :anychild :type :is "Content-Type" ["application", "message"]', False),
        ('header :mime :anychild :subtype :is "Content-Type" "plain"', True),
        ('header :mime :anychild :contenttype :is "Content-Type" "text/plain"', True),
        ('exists ["list-id", "from"]', True),
        ('body :text :contains "hI"', True),
        ("size :over 100", True),
        ("size :under 1K", True),
        ('not exists "list-id"', False),
        ('anyof (false, exists "from")', True),
        ('allof (true, exists "nothing")', False),
        ('currentdate :zone "+0000" :value "ge" "iso8601" "2026-11-27T08:00:00"', True),
        ('currentdate :zone "+0000" :value "lt" "iso8601" "2026-11-27T08:00:00"', False),
        ('spamtest :value "ge" :comparator "i;ascii-numeric" "6"', False),
        ("unheardof :is 1", False),
    ],
)
def test_a_test_decides_over_its_block(test: str, hit: bool) -> None:
    outcome = done(f'if {test} {{ fileinto "hit"; }} else {{ keep; }}')
    assert [target.name for target in outcome.targets] == (["hit"] if hit else [])
    assert (outcome.kept is None) == hit


def test_flags_count_for_what_is_filed_after_them() -> None:
    outcome = done(r'addflag "\\Seen"; fileinto :copy "A"; addflag ["\\Flagged", "Work"];')
    assert [target.flags for target in outcome.targets] == [("$seen",)]
    assert outcome.kept == ("$seen", "$flagged", "work")


def test_stop_ends_the_script_and_what_was_not_filed_is_kept() -> None:
    assert done('stop; fileinto "A";').kept == ()
    assert done("discard;").kept is None
    assert done('if true { if true { stop; } } fileinto "A";').targets == []


def test_only_one_redirect_is_carried_out() -> None:
    outcome = done('redirect :copy "a@example.net"; redirect :copy "b@example.net";')
    assert (outcome.redirects, outcome.kept) == (["a@example.net"], ())
    assert done('redirect "a@example.net";').kept is None


def test_elsif_is_asked_only_if_no_branch_before_was_taken() -> None:
    script = 'if false { fileinto "A"; } elsif true { fileinto "B"; } elsif true { fileinto "C"; } else { discard; }'
    assert [target.name for target in done(script).targets] == ["B"]


def test_texts_are_read_as_they_were_meant() -> None:
    script = 'require "vacation"; vacation :days 7 :addresses ["a@b"] :subject "a \\"b\\"" text:\r\n..dot\r\n.\r\n;'
    reply = done(script).reply
    assert reply is not None
    assert (reply.tags["subject"], reply.values, reply.tags["days"]) == ('a "b"', [".dot\r\n"], 7)


def test_backslashes_in_quotation_marks_are_read_as_stalwart_reads_them() -> None:
    targets = done(r'fileinto "a\\b"; fileinto "C:\\new"; fileinto "\\\\x"; fileinto "\\"x";').targets
    assert [target.name for target in targets] == ["a\\b", "C:\\\new", "\\\\\\x", '\\"x']


def test_spam_that_no_command_filed_is_left_to_the_server() -> None:
    guard = 'if spamtest :value "ge" :comparator "i;ascii-numeric" "6" { stop; } fileinto "A";'
    assert done(guard, is_spam=True).is_left_to_server
    assert not done(guard).is_left_to_server
