"""Mistakes in whose an address is, and in who is served."""

from mutants.mutant import SQL, Mutant

STORED = "integration/test_addresses.py::"
SERVED = "integration/test_mail_accounts.py::"
MIGRATED = "integration/test_migrate.py::"
VERSIONS = "postgres/migrations/versions/"
THERE = "test_mailbox_that_is_there_is_not_made_again_since_it_would_not_be_served_meanwhile"
BACK = "test_living_request_gets_its_address_back_when_it_is_claimed_and_when_its_mailbox_is_made"
SQL_WALK = "simulation/test_sql_model.py::test_postgresql_model_matches_postgresql_in_every_statement"

ADDRESSES = [
    Mutant(
        "accept reserves nothing",
        f"{SQL}accept.sql",
        "'wanted' FROM added\n",
        "'wanted' FROM added WHERE false\n",
        (f"{STORED}test_accepted_request_reserves_its_address_in_its_own_commit", SQL_WALK),
    ),
    Mutant(
        "accept stores a request without its address if another identity has that",
        f"{SQL}accept.sql",
        "ON CONFLICT (address, identity_id) DO NOTHING",
        "ON CONFLICT DO NOTHING",
        (f"{STORED}test_address_that_another_identity_has_is_refused_and_nothing_is_stored",),
    ),
    Mutant(
        "an identity is refused its own address",
        f"{SQL}accept.sql",
        "    ON CONFLICT (address, identity_id) DO NOTHING\n",
        "",
        (f"{STORED}test_identity_takes_its_own_address_again",),
    ),
    Mutant(
        "who has only a mailbox, and no living request, loses the address",
        f"{SQL}refuse_held.sql",
        "AND role <> 'leaving'",
        "AND role = 'wanted'",
        (f"{STORED}test_address_that_another_identity_has_is_refused_and_nothing_is_stored",),
    ),
    Mutant(
        "a followed address leaves the old one reserved",
        f"{SQL}follow_address.sql",
        "a.address = c.former_email",
        "a.address = c.email",
        (f"{STORED}test_reservation_follows_the_address_before_the_first_attempt", SQL_WALK),
    ),
    Mutant(
        "settle does not hold the address of a mailbox",
        f"{SQL}settle.sql",
        "a.role = 'wanted' AND %(state)s = 'provisioned'",
        "a.role = 'wanted' AND s.state = 'dead'",
        (f"{STORED}test_address_of_a_mailbox_is_held_and_that_of_a_dead_letter_is_free", SQL_WALK),
    ),
    Mutant(
        "settle frees the address of a mailbox with a dead letter",
        f"{SQL}settle.sql",
        "a.role = 'wanted' AND s.state = 'dead'",
        "s.state = 'dead'",
        (f"{STORED}test_address_of_a_mailbox_stays_held_if_making_it_again_fails",),
    ),
    Mutant(
        "bury frees the address of a mailbox",
        f"{SQL}operator_bury.sql",
        "a.role = 'wanted' AND NOT (m.step",
        "NOT (m.step",
        (f"{STORED}test_address_of_a_mailbox_stays_held_if_making_it_again_fails",),
    ),
    Mutant(
        "a retried dead letter reserves nothing",
        f"{SQL}operator_retry.sql",
        "FROM moved m WHERE old_state = 'dead' ORDER BY wish",
        "FROM moved m WHERE old_state = 'waiting' ORDER BY wish",
        (f"{STORED}test_buried_request_gives_its_address_up_and_a_retried_one_takes_it_again", SQL_WALK),
    ),
    Mutant(
        "a rebuilt mailbox that is made again follows the address",
        f"{SQL}follow_address.sql",
        "      AND NOT EXISTS (SELECT FROM email_accounts a WHERE a.kratos_identity_id = r.identity_id)\n",
        "",
        (f"{STORED}test_rebuilt_mailbox_keeps_its_address",),
    ),
    Mutant(
        "a retry stops a mailbox that is served",
        f"{SQL}operator_retry.sql",
        "AND a.suspected_at IS NULL",
        "AND false",
        (f"{STORED}{THERE}",),
    ),
    Mutant(
        "another address stops a mailbox that is served",
        f"{SQL}revive.sql",
        "AND a.suspected_at IS NULL",
        "AND false",
        (f"{STORED}{THERE}",),
    ),
    Mutant(
        "who has only a living request is not found to hold the address",
        f"{SQL}refuse_held.sql",
        "AND state <> 'dead'",
        "AND false",
        (f"{STORED}test_address_of_a_living_request_is_held_whoever_has_its_row",),
    ),
    Mutant(
        "a request is attempted with the address of another identity",
        f"{SQL}claim.sql",
        "CASE WHEN o.owner IS NOT NULL THEN 'dead'\n                WHEN",
        "CASE WHEN",
        (f"{STORED}test_request_whose_address_another_identity_has_ends_when_it_is_claimed", SQL_WALK),
    ),
    Mutant(
        "a claimed request does not get its address back",
        f"{SQL}claim.sql",
        "FROM moved m WHERE step = 'create' AND state <> 'dead' ORDER BY email",
        "FROM moved m WHERE false",
        (f"{STORED}{BACK}", SQL_WALK),
    ),
    Mutant(
        "a mailbox does not get its address back",
        f"{SQL}settle.sql",
        "'held' FROM settled WHERE %(state)s = 'provisioned'",
        "'held' FROM settled WHERE false",
        (f"{STORED}{BACK}",),
    ),
    Mutant(
        "a mailbox of another identity's address is not recorded",
        f"{SQL}settle.sql",
        "FROM settled WHERE %(state)s = 'provisioned'\n    ON CONFLICT DO NOTHING",
        "FROM settled WHERE %(state)s = 'provisioned'\n    ON CONFLICT (address, identity_id) DO NOTHING",
        (f"{STORED}test_mailbox_that_was_made_of_an_address_of_another_identity_is_recorded",),
    ),
    Mutant(
        "the rebuild takes addresses in the order of the page",
        f"{SQL}rebuild_restore.sql",
        "    ORDER BY email\n    ON CONFLICT (identity_id)",
        "    ON CONFLICT (identity_id)",
        (f"{STORED}test_pages_that_want_the_same_addresses_do_not_wait_for_each_other",),
    ),
    Mutant(
        "an identity whose address was taken at the same moment counts as unreadable",
        "postgres/sweep.py",
        "if why == UniqueViolation.__name__ else",
        "if False else",
        (f"{STORED}test_address_that_is_taken_at_the_same_moment_keeps_back_no_other_of_the_page",),
    ),
    Mutant(
        "a suspended mailbox is served",
        f"{SQL}mail_account.sql",
        " AND a.state = 'active'",
        "",
        (f"{SERVED}test_suspended_mailbox_is_not_served_but_inspected",),
    ),
    Mutant(
        "a mailbox that is being made again is served",
        f"{SQL}mail_account.sql",
        "\n  AND NOT (r.state IN ('waiting', 'running') AND r.step = 'create')",
        "",
        (f"{SERVED}test_mailbox_is_served_whatever_work_on_it_is_due_or_failed_unless_it_is_made_again",),
    ),
    Mutant(
        "a mailbox is not inspected once other work on it has failed",
        f"{SQL}inspection_page.sql",
        "NOT (r.state IN ('waiting', 'running') AND r.step = 'create')",
        "r.state = 'provisioned'",
        (f"{SERVED}test_mailbox_is_served_whatever_work_on_it_is_due_or_failed_unless_it_is_made_again",),
    ),
    Mutant(
        "work of a later version is claimed",
        f"{SQL}claim.sql",
        "      AND r.step = ANY(%(steps)s::text[])\n",
        "",
        ("integration/test_claim.py::test_work_of_a_later_version_is_left_to_it", SQL_WALK),
    ),
    Mutant(
        "a cause of a later version ends when the breaker is closed",
        f"{SQL}release.sql",
        "WHEN name IN ('outage', 'misconfigured', 'creates', 'changes')\n                     AND (SELECT",
        "WHEN (SELECT",
        (SQL_WALK,),
    ),
    Mutant(
        "the trigger finds a temporary table first",
        f"{VERSIONS}0012_addresses.sql",
        "search_path = %I, pg_temp'",
        "search_path = %I'",
        (f"{STORED}test_no_table_of_the_services_role_stands_in_for_addresses",),
    ),
    Mutant(
        "older code needs rights on addresses",
        f"{VERSIONS}0012_addresses.sql",
        " SECURITY DEFINER",
        "",
        (f"{STORED}test_older_code_goes_on_between_the_migration_and_its_grants",),
    ),
    Mutant(
        "a statement of older code fails if another identity has the address",
        f"{VERSIONS}0012_addresses.sql",
        ") THEN 'held' ELSE 'wanted' END\n        ON CONFLICT DO NOTHING;",
        ") THEN 'held' ELSE 'wanted' END;",
        (f"{STORED}test_older_code_reserves_by_its_own_index_and_never_fails_on_addresses",),
    ),
    Mutant(
        "the trigger takes a mailbox that is made again for a new request",
        f"{VERSIONS}0012_addresses.sql",
        "THEN 'held' ELSE 'wanted' END",
        "THEN 'wanted' ELSE 'wanted' END",
        (f"{MIGRATED}test_migration_writes_the_addresses_of_all_requests_beside_older_code_and_may_be_interrupted",),
    ),
    Mutant(
        "the migration reads requests that may die before it has written their addresses",
        f"{VERSIONS}0012_page.sql",
        "        FOR SHARE\n",
        "",
        (f"{MIGRATED}test_request_cannot_die_while_the_migration_writes_its_address",),
    ),
]
