"""Mistakes in the lookup of missing mailboxes, and in what keeps people out of the accounts of others."""

from mutants.mutant import SQL, Mutant

LOOKUPS = "unit/test_mailbox_lookup.py::"
STORED = "integration/test_missing.py::"
GATEWAY = "integration/gateway/test_missing_mailboxes.py::"

MISSING = [
    Mutant(
        "a lookup asks although the breaker is open",
        "provisioning/mailbox_lookup.py",
        "if breaker.open:",
        "if False:",
        (f"{LOOKUPS}test_mailbox_lookup_asks_nothing_while_the_breaker_is_open",),
    ),
    Mutant(
        "a late lookup undoes the result of another",
        f"{SQL}inspection_record.sql",
        "WHEN b.doubt = 'missing' AND a.suspected_at IS NOT NULL THEN",
        "WHEN b.doubt = 'missing' THEN",
        (f"{STORED}test_late_lookup_does_not_mark_a_mailbox_missing_that_was_found_since",),
    ),
    Mutant(
        "the lookup of an account that has changed meanwhile is stored",
        f"{SQL}inspection_record.sql",
        "    WHERE a.stalwart_account_id = l.stalwart_account_id\n",
        "",
        (f"{STORED}test_lookup_result_for_a_replaced_account_is_not_stored",),
    ),
    Mutant(
        "a suspected mailbox is served until it is missing",
        f"{SQL}mail_account.sql",
        "a.suspected_at IS NOT NULL AS doubtful",
        "a.missing_at IS NOT NULL AS doubtful",
        (f"{STORED}test_mailbox_is_not_served_after_the_first_lookup_that_missed_it",),
    ),
    Mutant(
        "a mailbox that was made again stays missing",
        f"{SQL}settle.sql",
        ",\n        suspected_at = NULL, missing_at = NULL",
        "",
        (f"{STORED}test_remake_creates_an_empty_mailbox_in_place_of_a_missing_one",),
    ),
    Mutant(
        "remake creates before it looks up the mark",
        f"{SQL}operator_remake.sql",
        "outcome_unknown = true",
        "outcome_unknown = false",
        (f"{STORED}test_remake_looks_up_the_mark_before_it_creates_a_mailbox",),
    ),
    Mutant(
        "a request without login trusts an old lookup",
        "mailboxes/verified_accounts.py",
        "if self._monotonic() - self._seen.get(account, -math.inf) >= JUST_NOW:",
        "if self._monotonic() - self._seen.get(account, -math.inf) >= CACHE_SECONDS:",
        (f"{LOOKUPS}test_access_by_account_id_verifies_the_account_again_unless_just_verified",),
    ),
    Mutant(
        "each waiting request makes its own lookup",
        "provisioning/single_flight.py",
        "        if self._next is None:\n",
        "        if True:\n",
        (f"{LOOKUPS}test_concurrent_account_checks_share_a_few_lookups",),
    ),
    Mutant(
        "a missing mailbox blocks the inspection of all",
        "provisioning/inspection.py",
        "2 * PAGE_PAUSE if more",
        "0 if more",
        (f"{LOOKUPS}test_many_missing_mailboxes_do_not_stop_the_inspection_of_all",),
    ),
    Mutant(
        "a refused login causes no lookup",
        "gateway/own_account.py",
        'if isinstance(error, Misconfigured) or error.code == "mail_server_misconfigured":',
        "if False:",
        (f"{GATEWAY}test_a_refused_or_foreign_login_is_verified_and_the_mailbox_reported_missing",),
    ),
]
