"""Mistakes in the lookup of missing mailboxes, and in what keeps people out of the accounts of others."""

from mutants.mutant import SQL, Mutant

LOOKUPS = "unit/test_mailbox_lookup.py::"
VERIFIED = "unit/test_verified_accounts.py::"
INSPECTION = "unit/test_inspection.py::"
STORED = "integration/test_missing.py::"
GATEWAY = "integration/gateway/test_missing_mailboxes.py::"

MISSING = [
    Mutant(
        "a lookup asks although the breaker is open",
        "provisioning/mailbox_lookup.py",
        "if (await self._breakers.read()).open:",
        "if False:",
        (f"{LOOKUPS}test_nothing_is_asked_while_the_breaker_is_open",),
    ),
    Mutant(
        "a late lookup undoes the result of another",
        f"{SQL}inspection_record.sql",
        "WHEN b.doubt = 'missing' AND a.suspected_at IS NOT NULL THEN",
        "WHEN b.doubt = 'missing' THEN",
        (f"{STORED}test_one_late_look_makes_nobody_missing_whom_another_has_found_since",),
    ),
    Mutant(
        "the lookup of an account that has changed meanwhile is stored",
        f"{SQL}inspection_record.sql",
        "    WHERE a.stalwart_account_id = l.stalwart_account_id\n",
        "",
        (f"{STORED}test_what_a_look_found_of_an_account_that_is_another_one_by_now_is_not_kept",),
    ),
    Mutant(
        "a suspected mailbox is served until it is missing",
        f"{SQL}mail_account.sql",
        "a.suspected_at IS NOT NULL AS doubtful",
        "a.missing_at IS NOT NULL AS doubtful",
        (f"{STORED}test_a_mailbox_is_given_to_nobody_from_the_first_look_that_did_not_find_it",),
    ),
    Mutant(
        "a mailbox that was made again stays missing",
        f"{SQL}settle.sql",
        ",\n        suspected_at = NULL, missing_at = NULL",
        "",
        (f"{STORED}test_remake_makes_an_empty_mailbox_in_place_of_one_that_is_gone",),
    ),
    Mutant(
        "remake creates before it looks up the mark",
        f"{SQL}operator_remake.sql",
        "outcome_unknown = true",
        "outcome_unknown = false",
        (f"{STORED}test_remake_looks_for_the_mark_before_it_makes_anything",),
    ),
    Mutant(
        "a request without login trusts an old lookup",
        "mail/verified_accounts.py",
        "if self._monotonic() - self._seen.get(account, -math.inf) >= JUST_NOW:",
        "if self._monotonic() - self._seen.get(account, -math.inf) >= CACHE_SECONDS:",
        (f"{VERIFIED}test_what_needs_no_login_asks_anew_unless_it_was_just_now",),
    ),
    Mutant(
        "each waiting request makes its own lookup",
        "provisioning/single_flight.py",
        "        if self._next is None:\n",
        "        if True:\n",
        (f"{VERIFIED}test_all_who_come_at_once_are_looked_for_by_few_requests",),
    ),
    Mutant(
        "a missing mailbox blocks the inspection of all",
        "provisioning/inspection.py",
        "2 * PAGE_PAUSE if more",
        "0 if more",
        (f"{INSPECTION}test_however_many_are_missing_they_hold_up_no_pass_through_all",),
    ),
    Mutant(
        "a refused login causes no lookup",
        "gateway/own_account.py",
        'if isinstance(error, Misconfigured) or error.code == "mail_server_misconfigured":',
        "if False:",
        (f"{GATEWAY}test_a_refused_or_foreign_login_is_verified_and_the_mailbox_reported_missing",),
    ),
]
