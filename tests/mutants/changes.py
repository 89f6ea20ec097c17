"""Mistakes in what an identity wants of its mailbox, and in attempts that change it."""

from mutants.mutant import SQL, Mutant

WISHES = "integration/test_wishes.py::"
SETTLED = "integration/test_settled_changes.py::"
ATTEMPT = "unit/test_mailbox_changes.py::"
OUTCOME = "unit/test_change_outcome.py::"
WISH = "unit/test_wish.py::"

CHANGES = [
    Mutant(
        "what was read before another wrote is followed",
        f"{SQL}want.sql",
        "coalesce(want_written_at < %(read_at)s, true)",
        "true",
        (f"{WISHES}test_what_was_read_before_another_wrote_is_dropped",),
    ),
    Mutant(
        "a newer version alone is a goal",
        f"{SQL}want.sql",
        "goal = goal + is_new::int",
        "goal = goal + 1",
        (f"{WISHES}test_nothing_new_writes_no_row_and_a_newer_version_is_stored_without_a_goal",),
    ),
    Mutant(
        "a new wish stops the attempt that runs",
        f"{SQL}want.sql",
        "state = CASE WHEN is_new AND former_state <> 'running' THEN",
        "state = CASE WHEN is_new THEN",
        (f"{WISHES}test_request_that_has_crashed_keeps_its_time_and_one_that_runs_gets_no_more_than_the_goal",),
    ),
    Mutant(
        "a wish takes the address of an attempt that may still arrive from its person",
        f"{SQL}want.sql",
        "AND w.is_rename AND w.former_state <> 'running' AND NOT w.was_unknown",
        "AND w.is_rename AND w.former_state <> 'running'",
        (f"{WISHES}test_address_that_is_not_wanted_any_more_is_free_unless_an_update_to_it_may_still_arrive",),
    ),
    Mutant(
        "a wish frees the address of the attempt that runs",
        f"{SQL}want.sql",
        "AND w.is_rename AND w.former_state <> 'running' AND NOT w.was_unknown",
        "AND w.is_rename AND NOT w.was_unknown",
        (f"{WISHES}test_address_of_an_attempt_under_way_stays_reserved_until_it_is_settled",),
    ),
    Mutant(
        "a wish reserves an address that its own mailbox must lose",
        f"{SQL}want.sql",
        "    ON CONFLICT DO NOTHING\n",
        "    ON CONFLICT (address) WHERE role <> 'leaving' DO NOTHING\n",
        (f"{WISHES}test_wish_for_an_address_that_its_own_mailbox_must_lose_reserves_nothing",),
    ),
    Mutant(
        "a wish for a mailbox that is being made again is followed",
        f"{SQL}want.sql",
        "      AND NOT (state IN ('waiting', 'running') AND step <> 'change')\n",
        "",
        (f"{WISHES}test_nothing_is_wanted_of_a_mailbox_that_is_not_there_or_is_being_made_again",),
    ),
    Mutant(
        "who gives a wish up gets no other address for a day",
        f"{SQL}want.sql",
        "    WHERE is_rename AND new_email <> email\n",
        "    WHERE is_rename\n",
        (f"{WISHES}test_who_gives_a_wish_up_has_not_changed_the_address",),
    ),
    Mutant(
        "a goal that changed meanwhile is forgotten",
        f"{SQL}settle_change.sql",
        "goal <> %(goal)s AS is_overtaken",
        "false AS is_overtaken",
        (f"{SETTLED}test_goal_that_changed_meanwhile_is_due_now_after_any_outcome",),
    ),
    Mutant(
        "what the mail server shows beats what another holds",
        f"{SQL}settle_change.sql",
        "WHERE (addresses.role = 'wanted' OR addresses.identity_id = excluded.identity_id)\n      AND",
        "WHERE",
        (f"{SETTLED}test_what_the_mail_server_shows_beats_anothers_wish_and_never_what_another_holds",),
    ),
    Mutant(
        "processes are not notified of a new address",
        f"{SQL}settle_change.sql",
        "WHERE 'rename' = ANY(",
        "WHERE 'moved' = ANY(",
        (f"{SETTLED}test_each_process_is_notified_of_a_new_address",),
    ),
    Mutant(
        "an alias that was read is not recorded",
        f"{SQL}settle_change.sql",
        "FROM settled s, unnest(%(seen)s::text[]) AS shown\n    WHERE",
        "FROM settled s, unnest(%(seen)s::text[]) AS shown\n    WHERE shown = %(main)s AND",
        (f"{SETTLED}test_reached_goal_is_stored_with_the_account_its_addresses_and_the_audit",),
    ),
    Mutant(
        "an address that must leave is free before it was read back without it",
        f"{SQL}settle_change.sql",
        " AND (SELECT is_read FROM read)\n",
        "\n",
        (f"{SETTLED}test_address_that_must_leave_is_gone_once_it_is_read_back_without_it",),
    ),
    Mutant(
        "a mailbox whose login is off is served",
        f"{SQL}settle_change.sql",
        "WHEN r.is_suspended THEN 'suspended' ELSE 'active' END",
        "ELSE 'active' END",
        (f"{SETTLED}test_what_was_read_is_stored_whatever_the_outcome",),
    ),
    Mutant(
        "a mailbox that was not found counts as one that nobody looked for",
        f"{SQL}settle_change.sql",
        "WHEN %(is_missing)s THEN coalesce(a.suspected_at, now())",
        "WHEN %(is_missing)s THEN a.suspected_at",
        (f"{SETTLED}test_mailbox_that_no_mark_shows_is_suspected_and_looked_up_hourly",),
    ),
    Mutant(
        "a change that takes something away is buried",
        f"{SQL}operator_bury.sql",
        "AND NOT (r.step = 'change' AND (",
        "AND NOT (r.step = 'purge' AND (",
        (f"{SETTLED}test_change_that_takes_something_away_is_not_buried_until_that_is_done",),
    ),
    Mutant(
        "a mailbox that was made again is not changed",
        f"{SQL}settle.sql",
        "state = CASE WHEN %(state)s = 'provisioned' AND goal <> have_goal THEN",
        "state = CASE WHEN false THEN",
        (f"{SETTLED}test_mailbox_that_a_change_does_not_find_is_made_again_and_then_changed",),
    ),
    Mutant(
        "something is given while Kratos is away",
        "provisioning/mailbox_changes.py",
        "gives=unasked is None",
        "gives=True",
        (f"{ATTEMPT}test_nothing_is_given_while_kratos_does_not_say_what_the_identity_wants",),
    ),
    Mutant(
        "who was absent is locked out although Kratos is away",
        "provisioning/mailbox_changes.py",
        "ON_RECORD = frozenset([Because.INACTIVE])",
        "ON_RECORD = EVERY",
        (f"{ATTEMPT}test_login_is_switched_off_from_the_record_and_for_an_absent_one_only_if_kratos_says_so_again",),
    ),
    Mutant(
        "an attempt is settled for the goal of its claim",
        "provisioning/wishes.py",
        "                goal=written.request.goal,\n",
        "",
        (f"{ATTEMPT}test_attempt_gives_what_the_identity_wants_now_and_names_that_goal",),
    ),
    Mutant(
        "only the address that is wanted is looked up",
        "provisioning/change_attempt.py",
        "{*observed.addresses, *([wanted.email] if wanted.email else [])}",
        "{*([wanted.email] if wanted.email else [])}",
        (f"{ATTEMPT}test_addresses_of_all_that_the_account_has_are_asked_for",),
    ),
    Mutant(
        "an update without an effect is repeated at once",
        "domain/change_outcome.py",
        "    if nearer.has_changed:\n",
        "    if nearer.reads:\n",
        (f"{OUTCOME}test_update_that_is_accepted_without_an_effect_is_a_failure",),
    ),
    Mutant(
        "a missing mailbox spends retries",
        "domain/change_outcome.py",
        "        case None if nearer.error is None:\n",
        "        case None if False:\n",
        (f"{OUTCOME}test_mailbox_that_no_mark_shows_waits_an_hour_and_spends_no_retry",),
    ),
    Mutant(
        "an older version is followed",
        "domain/wish.py",
        "if wish.version and known.version and wish.version < known.version:",
        "if False:",
        (f"{WISH}test_older_version_is_not_followed",),
    ),
    Mutant(
        "who is active again stays locked out if the hook was lost",
        f"{SQL}sweep_compare.sql",
        " OR r.want_because IS NOT NULL\n",
        "\n",
        (
            "integration/test_following.py::test_pass_compares_with_what_is_wanted_and_lets_in_who_is_active_again_"
            "though_the_hook_was_lost",
        ),
    ),
    Mutant(
        "a person takes ever new addresses",
        "domain/wish.py",
        "(known.renamed_lately or _is_one_too_many(wish.email, known))",
        "known.renamed_lately",
        (f"{WISH}test_mailbox_has_five_former_addresses_at_most_and_its_owner_may_come_back_to_each",),
    ),
    Mutant(
        "who waits for changes is released without a probe",
        "retry/release.py",
        "        if cause == CHANGES and not await self._do_changes_work():\n            return 0\n",
        "",
        ("unit/test_release.py::test_changes_go_on_once_a_change_probe_succeeds_which_is_made_once_a_minute",),
    ),
]
