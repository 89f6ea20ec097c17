"""Mistakes in the Lua and SQL of the retry queue, and in their callers."""

from mutants.mutant import SQL, Mutant

CLAIM = "integration/test_claim.py::"
SETTLE = "integration/test_settle.py::"
REQUESTS = "integration/test_requests.py::"
PARTITIONS = "integration/test_log_partitions.py::"
RETRY_SET = "integration/test_retry_set.py::"
SQL_WALK = "simulation/test_sql_model.py::test_postgresql_model_matches_postgresql_in_every_statement"
REDIS_WALK = "simulation/test_redis_model.py::test_redis_model_matches_redis_in_every_call"

REDIS = [
    Mutant(
        "claim.lua postpones no member",
        "queue/claim.lua",
        "    redis.call('ZADD', KEYS[1], 'XX', string.format('%.6f', score), due[i])\n",
        "",
        (REDIS_WALK,),
    ),
    Mutant(
        "claim.lua postpones from the old score",
        "queue/claim.lua",
        "math.max(tonumber(due[i + 1]), now) + lease",
        "tonumber(due[i + 1]) + lease",
        (REDIS_WALK,),
    ),
    Mutant(
        "claim.lua takes more than the limit",
        "queue/claim.lua",
        "'WITHSCORES', 'LIMIT', 0, tonumber(ARGV[1]))",
        "'WITHSCORES')",
        (f"{RETRY_SET}test_due_returns_at_most_the_limit_with_the_longest_overdue_first",),
    ),
    Mutant(
        "settle drops the ZREM",
        "queue/retry_set.py",
        "                pipe.zrem(KEY, *members)\n                pipe.zadd",
        "                pipe.zadd",
        (f"{RETRY_SET}test_replace_removes_held_members_and_adds_only_a_waiting_request",),
    ),
    Mutant(
        "restore revives a removed member",
        "queue/retry_set.py",
        "{member: due_at.timestamp()}, xx=True)",
        "{member: due_at.timestamp()})",
        ("integration/test_retry_set.py::test_a_member_gets_its_due_time_again_unless_it_was_removed_meanwhile",),
    ),
    Mutant(
        "reconcile brings a postponed member forward",
        "queue/members.py",
        "self._redis.zadd(KEY, scores, nx=True)",
        "self._redis.zadd(KEY, scores)",
        ("integration/test_members.py::test_adding_a_member_does_not_advance_one_that_a_worker_postponed",),
    ),
]

STATEMENTS = [
    Mutant(
        "settle forgets the holder",
        f"{SQL}settle.sql",
        "AND state = 'running' AND holder = %(holder)s",
        "AND state = 'running'",
        (f"{SETTLE}test_superseded_holder_changes_nothing_and_leaves_one_late_row", SQL_WALK),
    ),
    Mutant(
        "settle loses the account",
        f"{SQL}settle.sql",
        "%(stalwart_account_id)s FROM settled WHERE %(state)s = 'provisioned'",
        "%(stalwart_account_id)s FROM settled WHERE state = 'dead'",
        (f"{SETTLE}test_settled_success_writes_request_account_and_audit_in_one_commit",),
    ),
    Mutant(
        "a late outcome is not recorded",
        "postgres/requests.py",
        'late = await row(self._pool, "settle_late", parameters)',
        "late = None",
        (f"{SETTLE}test_superseded_holder_changes_nothing_and_leaves_one_late_row",),
    ),
    Mutant(
        "an outcome stored before counts as late",
        f"{SQL}settle_late.sql",
        "status NOT IN ('pending', 'crashed')",
        "status IN ('late')",
        (f"{SETTLE}test_settling_again_after_a_lost_answer_writes_nothing_twice",),
    ),
    Mutant(
        "claim starts early",
        f"{SQL}claim.sql",
        "r.due_at <= now() + interval '50 milliseconds'",
        "r.due_at <= now() + interval '5 seconds'",
        (f"{CLAIM}test_claim_is_granted_50_ms_early_and_rejected_51_ms_early_with_the_time_left",),
    ),
    Mutant(
        "claim takes a request whose lease has not ended",
        f"{SQL}claim.sql",
        "(r.state = 'running' AND r.due_at <= now()))",
        "(r.state = 'running' AND r.due_at >= now()))",
        (SQL_WALK,),
    ),
    Mutant(
        "claim loses the pending row",
        f"{SQL}claim.sql",
        "NULL, holder FROM moved WHERE state = 'running'",
        "NULL, holder FROM moved WHERE state = 'dead'",
        (
            f"{CLAIM}test_claim_sets_a_new_holder_and_writes_the_pending_row_in_one_commit",
            SQL_WALK,
        ),
    ),
    Mutant(
        "claim waits for locks of other transactions",
        f"{SQL}claim.sql",
        "FOR UPDATE OF r SKIP LOCKED",
        "FOR UPDATE OF r",
        (f"{CLAIM}test_claim_does_not_wait_for_a_row_locked_by_another",),
    ),
    Mutant(
        "claim locks nothing",
        f"{SQL}claim.sql",
        "    FOR UPDATE OF r SKIP LOCKED\n",
        "",
        (f"{CLAIM}test_eight_claimants_never_share_a_request_and_each_attempt_has_one_outcome",),
    ),
    Mutant(
        "crashed requests run with others",
        f"{SQL}claim.sql",
        "      AND (%(exclusive)s OR (r.state = 'waiting' AND r.crashes = 0))\n",
        "",
        (SQL_WALK,),
    ),
    Mutant(
        "claim gives no lease",
        f"{SQL}claim.sql",
        "WHEN 'running' THEN %(lease)s::float8",
        "WHEN 'running' THEN 0.0",
        (
            f"{CLAIM}test_claim_sets_a_new_holder_and_writes_the_pending_row_in_one_commit",
            SQL_WALK,
        ),
    ),
    Mutant(
        "claim ignores the breaker",
        f"{SQL}claim.sql",
        "WHERE NOT (SELECT is_closed FROM gate)",
        "WHERE true",
        (SQL_WALK,),
    ),
    Mutant(
        "a crash leaves no doubt about its outcome",
        f"{SQL}claim.sql",
        "outcome_unknown = r.outcome_unknown OR c.crashed",
        "outcome_unknown = r.outcome_unknown",
        (SQL_WALK,),
    ),
    Mutant(
        "crashes are not counted",
        f"{SQL}claim.sql",
        "crashes = r.crashes + c.crashed::int",
        "crashes = r.crashes",
        (SQL_WALK,),
    ),
    Mutant(
        "accept ignores the breaker",
        f"{SQL}accept.sql",
        "IS NOT NULL AND NOT open AS starts",
        "IS NOT NULL AS starts",
        (SQL_WALK,),
    ),
    Mutant(
        "accept loses the pending row",
        f"{SQL}accept.sql",
        "%(action)s ELSE 'create' END,\n           CASE WHEN holder IS NULL THEN 'done' ELSE 'pending' END",
        "%(action)s ELSE 'create' END,\n           'done'",
        (f"{REQUESTS}test_accepted_request_runs_under_the_given_holder_with_its_pending_row_in_one_commit",),
    ),
    Mutant(
        "a requested address is not reserved",
        "postgres/migrations/versions/0001_start.sql",
        "CREATE UNIQUE INDEX email_requests_address",
        "CREATE INDEX email_requests_address",
        (f"{REQUESTS}test_one_of_twenty_identities_that_request_one_address_at_once_gets_it",),
    ),
    Mutant(
        "the audit may be edited",
        "postgres/migrations/versions/0001_start.sql",
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE",
        "CREATE TRIGGER append_only BEFORE DELETE",
        (f"{PARTITIONS}test_log_partition_made_by_an_operator_is_append_only",),
    ),
    Mutant(
        "an archived month may be edited",
        "postgres/migrations/versions/0004_log_partitions.sql",
        "CREATE OR REPLACE TRIGGER never_changed BEFORE UPDATE OR DELETE",
        "CREATE OR REPLACE TRIGGER never_changed BEFORE DELETE",
        (f"{PARTITIONS}test_detached_log_partition_rejects_changes_even_by_owner_and_superuser",),
    ),
    Mutant(
        "the fallback poll misses ended leases",
        f"{SQL}overdue.sql",
        "           OR (state = 'running' AND due_at <= now()))\n      AND step",
        "           )\n      AND step",
        (
            "integration/test_claim.py::"
            "test_fallback_poll_finds_ended_leases_at_once_and_waiting_requests_after_the_grace_oldest_first",
        ),
    ),
    Mutant(
        "an outcome does not end the count of crashes",
        f"{SQL}settle.sql",
        "        crashes = 0,\n",
        "",
        (SQL_WALK,),
    ),
    Mutant(
        "a claim takes more than its limit",
        f"{SQL}claim.sql",
        "    LIMIT %(limit)s\n",
        "",
        (f"{CLAIM}test_claim_grants_at_most_its_limit_and_locked_rows_do_not_count", SQL_WALK),
    ),
    Mutant(
        "an outcome that a constraint refuses is stored again and again",
        "postgres/connection.py",
        "UNSTORABLE = (psycopg.DataError, psycopg.IntegrityError, UnicodeError)",
        "UNSTORABLE = (psycopg.DataError, UnicodeError)",
        (f"{SETTLE}test_outcome_that_a_constraint_of_the_operator_refuses_raises_the_same_error",),
    ),
    Mutant(
        "a mailbox that is made again has spent its retries",
        f"{SQL}operator_remake.sql",
        "retries = 0, crashes = 0",
        "crashes = 0",
        ("integration/test_rebuild.py::test_mailbox_without_a_record_is_shown_and_rebuilt_or_remade",),
    ),
    Mutant(
        "an unknown key ends the pause of an operator",
        f"{SQL}breaker_open.sql",
        "cause IN ('outage', 'misconfigured') AND",
        "cause <> 'unauthorized' AND",
        (f"{REQUESTS}test_unknown_key_replaces_the_cause_of_an_open_breaker_but_no_pause_of_an_operator",),
    ),
    Mutant(
        "a prober that slept closes a later opening",
        f"{SQL}breaker_close.sql",
        "WHERE open AND changed_at = %(changed_at)s",
        "WHERE open AND %(changed_at)s::timestamptz IS NOT NULL",
        (SQL_WALK,),
    ),
    Mutant(
        "requests that wait for the breaker are released while it is open",
        f"{SQL}release.sql",
        "SELECT NOT open AND (",
        "SELECT (",
        (SQL_WALK,),
    ),
    Mutant(
        "requests that wait until mailboxes can be made are released before",
        f"{SQL}release.sql",
        " AND (name <> 'creates' OR creates_error IS NULL)",
        "",
        (SQL_WALK,),
    ),
    Mutant(
        "a mailbox made before ends the trouble of its domain",
        f"{SQL}release.sql",
        " AND enqueued_at < (SELECT at FROM ended)",
        " AND (SELECT at FROM ended) IS NOT NULL",
        (SQL_WALK,),
    ),
    Mutant(
        "every process takes the probe",
        f"{SQL}breaker_take_probe.sql",
        "WHERE open AND probe_at <= now() AND",
        "WHERE open AND",
        (SQL_WALK,),
    ),
    Mutant(
        "a page that was read before a restart undoes the restart",
        f"{SQL}sweep_advance.sql",
        "WHERE token IS NOT DISTINCT FROM %(after)s::text\n",
        "",
        (SQL_WALK,),
    ),
    Mutant(
        "a refusal is recorded at every sweep",
        f"{SQL}record_refusals.sql",
        "WHERE last.code IS DISTINCT FROM r.code OR last.email IS DISTINCT FROM r.email\n",
        "",
        ("integration/test_requests.py::test_refusal_is_recorded_only_when_it_changed", SQL_WALK),
    ),
    Mutant(
        "the sweep takes dead letters for identities without a request",
        f"{SQL}sweep_store.sql",
        "email_requests r WHERE r.identity_id = a.identity_id)",
        "email_requests r WHERE r.identity_id = a.identity_id AND r.state <> 'dead')",
        (SQL_WALK,),
    ),
]
