"""Mistakes in the parts that move a request. Those that mutmut makes in `domain` and `retry` are not here."""

from mutants.mutant import Mutant

ATTEMPT = "unit/test_attempt.py::"
VERDICTS = "unit/test_verdicts.py::"
WORKER = "unit/test_worker.py::"
ACCEPT = "unit/test_accept_slots.py::"
UPDATES = "unit/test_retry_index_updates.py::"
SEEDS = "simulation/test_seeds.py::test_every_invariant_holds_in_each_seeded_run_and_every_outcome_and_answer_occurs"
OUTAGE = "simulation/test_outages.py::"
BACKLOG = (
    "simulation/test_backlog.py::test_requests_after_a_40_minute_outage_run_at_the_set_pace_and_new_sign_ups_go_first"
)

CORE = [
    Mutant(
        "a failure counts during an outage",
        "provisioning/verdicts.py",
        "                if problem := await self._health.ask():\n",
        "                if (problem := await self._health.ask()) and False:\n",
        (
            f"{VERDICTS}test_only_a_failure_on_a_healthy_server_uses_a_retry_and_only_an_outage_opens_the_breaker",
            f"{OUTAGE}test_40_minute_mail_server_outage_makes_no_dead_letter_and_uses_no_retry",
        ),
    ),
    Mutant(
        "the mark is not looked up first",
        "provisioning/attempt.py",
        "        if lookup_first:\n",
        "        if lookup_first and not lookup_first:\n",
        (f"{ATTEMPT}test_mark_is_looked_up_after_an_unknown_outcome",),
    ),
    Mutant(
        "another address is accepted for the requested one",
        "provisioning/attempt.py",
        "if account.email != mailbox.email:",
        "if not account.email:",
        (f"{ATTEMPT}test_mailbox_with_another_address_is_never_accepted_and_its_request_dies_naming_both_addresses",),
    ),
    Mutant(
        "an outcome is lost when PostgreSQL is unavailable",
        "provisioning/attempt.py",
        "            await asyncio.sleep(SETTLE_PAUSE)\n",
        "            return None\n",
        (f"{ATTEMPT}test_settle_is_retried_by_the_same_holder_until_postgresql_is_back",),
    ),
    Mutant(
        "the mailbox is made without the mark",
        "stalwart/registry.py",
        '"name": mailbox.mark,',
        '"name": mailbox.local_part + "-alias",',
        (
            "unit/test_stalwart_registry.py::test_mailbox_is_created_with_a_disabled_mark_and_no_credentials",
            "contract/test_mail_server.py::test_identity_never_gets_a_second_mailbox",
        ),
    ),
    Mutant(
        "a stranger's mailbox is adopted",
        "stalwart/mark_domain.py",
        "return (mark, domain_id) in {(alias.name, alias.domain_id) for alias in aliases}",
        "return bool(mark)",
        ("contract/test_mail_server.py::test_a_foreign_mailbox_is_never_adopted",),
    ),
    Mutant(
        "a server that does not write is healthy",
        "stalwart/health_check.py",
        "not in ([], before):",
        "is not None:",
        (
            "unit/test_stalwart_health.py::test_a_server_that_echoes_and_reads_but_does_not_write_is_unhealthy",
            "contract/test_mail_server.py::test_with_a_full_store_the_health_check_fails",
        ),
    ),
    Mutant(
        "a mark in another domain counts",
        "stalwart/registry.py",
        "        if not marked:\n",
        "        if not mailbox:\n",
        (
            "contract/test_mail_server.py::test_rebuilt_server_with_other_domain_ids_gets_no_mailbox_in_the_wrong_domain",
        ),
    ),
    Mutant(
        "ids of domains are cached for ever",
        "stalwart/registry.py",
        "_MOST_IDS, ID_CACHE_SECONDS, monotonic",
        "_MOST_IDS, 1e9, monotonic",
        ("unit/test_stalwart_registry.py::test_domain_ids_are_cached_for_a_minute",),
    ),
    Mutant(
        "a hook without a slot queues behind the backlog",
        "provisioning/retry_index_updates.py",
        "self._wake(request.identity_id if first else None)",
        "self._wake(None)",
        (BACKLOG,),
    ),
    Mutant(
        "a hook that lacks a slot counts as an open breaker",
        "provisioning/accept.py",
        "                if has_slot:\n                    self._breaker_open_until",
        "                if request:\n                    self._breaker_open_until",
        (f"{ACCEPT}test_webhook_that_got_no_slot_does_not_show_that_the_breaker_is_open",),
    ),
    Mutant(
        "the breaker counts as open for ever",
        "provisioning/accept.py",
        "return self._clock.monotonic() < self._breaker_open_until",
        "return self._breaker_open_until > 0",
        (f"{ACCEPT}test_webhook_that_finds_the_breaker_open_spares_those_of_the_next_second_a_slot_and_a_read",),
    ),
    Mutant(
        "the drain does not wait for Redis",
        "provisioning/accept.py",
        "{*self._running, *self._hooks, *self._updates.under_way}",
        "{*self._running, *self._hooks}",
        (f"{ACCEPT}test_webhook_is_answered_before_redis_answers_and_the_drain_waits_for_both",),
    ),
    Mutant(
        "requests pile up while Redis is silent",
        "provisioning/retry_index_updates.py",
        "if len(self._pending) >= MOST_PENDING:",
        "if len(self._pending) >= 1e9:",
        (f"{UPDATES}test_requests_beyond_the_limit_are_left_to_the_fallback_poll_while_redis_is_silent",),
    ),
    Mutant(
        "the worker is woken before Redis knows the request",
        "provisioning/retry_index_updates.py",
        "                await asyncio.sleep(GATHERING)\n",
        "                for _, first in self._pending:\n                    self._wake(None)\n"
        "                await asyncio.sleep(GATHERING)\n",
        (f"{UPDATES}test_worker_is_woken_after_the_index_has_the_request",),
    ),
    Mutant(
        "the pace counts from the claim",
        "retry/worker.py",
        "self._next_start = began + 1 / self._limits.pace",
        "self._next_start = self._clock.monotonic() + 1 / self._limits.pace",
        (BACKLOG,),
    ),
    Mutant(
        "the pace is forgotten",
        "retry/worker.py",
        "        if began < self._next_start:\n",
        "        if began < 0:\n",
        (BACKLOG,),
    ),
    Mutant(
        "crashed requests run while others do",
        "retry/worker.py",
        "        async with self._slots.all():",
        "        async with asyncio.timeout(None):",
        (f"{WORKER}test_crashed_request_runs_exclusively",),
    ),
    Mutant(
        "reconcile says complete before it is",
        "retry/reconcile.py",
        "        removed, represented = await",
        "        await self._members.set_epoch()\n        removed, represented = await",
        ("unit/test_reconcile.py::test_aborted_full_reconcile_does_not_mark_redis_complete",),
    ),
    Mutant(
        "an identity that is nested too deeply ends every process",
        "kratos/identity_list.py",
        "    except RecursionError:\n",
        "    except ZeroDivisionError:\n",
        ("unit/test_kratos_identities.py::test_unreadable_identity_is_set_aside_and_the_rest_of_the_page_is_read",),
    ),
    Mutant(
        "a refused page token stops the sweep",
        "provisioning/sweep.py",
        "        except PageTokenRefused as error:\n",
        "        except ZeroDivisionError as error:\n",
        ("unit/test_sweep.py::test_rejected_page_token_restarts_the_sweep_after_a_pause",),
    ),
    Mutant(
        "a reserved name of the operator frees the built-in ones",
        "settings/settings.py",
        "return (RESERVED_NAMES - self.unreserved_names) | self.reserved_names",
        "return self.reserved_names or RESERVED_NAMES",
        ("unit/test_settings.py::test_reserved_names_add_to_the_built_in_ones",),
    ),
    Mutant(
        "the sweep gives inactive identities a mailbox",
        "provisioning/sweep.py",
        "            if not identity.active:\n",
        "            if identity.active is None:\n",
        (SEEDS,),
    ),
    Mutant(
        "a wrong key opens no breaker",
        "provisioning/verdicts.py",
        "                await self._open_breaker(cause_of(problem), message)\n",
        "",
        (f"{VERDICTS}test_server_that_rejects_our_key_opens_the_breaker_but_one_that_rejects_a_mailbox_only_alarms",),
    ),
    Mutant(
        "a server too busy to respond counts as unavailable",
        "provisioning/verdicts.py",
        "            case Throttled():\n                return Verdict.NONE\n",
        "",
        (f"{VERDICTS}test_only_a_failure_on_a_healthy_server_uses_a_retry_and_only_an_outage_opens_the_breaker",),
    ),
    Mutant(
        "a failure counts although no mailbox can be made for anybody",
        "provisioning/verdicts.py",
        "        return await probe.ask()\n",
        "        return Verdict.HEALTHY\n",
        (f"{VERDICTS}test_failure_of_every_create_costs_no_request_anything_and_alarms_once",),
    ),
    Mutant(
        "a response that we missed while we stalled counts",
        "provisioning/verdicts.py",
        "if problem and self._clock.monotonic() - began > LONGEST_CHECK + STALL:",
        "if False:",
        (f"{VERDICTS}test_failure_while_our_own_process_stalls_costs_nothing",),
    ),
    Mutant(
        "a refusal counts for nothing because we stalled before",
        "provisioning/attempt.py",
        "if isinstance(error, Transient) and now - ends > STALL:",
        "if now - ends > STALL:",
        (f"{VERDICTS}test_slow_mail_server_is_not_taken_for_a_stall_of_ours_and_what_it_answers_counts",),
    ),
    Mutant(
        "a refusal counts though it is not repeated",
        "provisioning/attempt.py",
        "        if not _is_refused_for_good(outcome):\n",
        "        if True:\n",
        (
            f"{ATTEMPT}test_refusal_that_is_not_repeated_ends_no_request",
            "simulation/test_creates.py::test_fault_that_ends_between_a_refusal_and_its_probe_buries_nobody",
        ),
    ),
    Mutant(
        "a mailbox that is gone since a refusal counts as changed",
        "domain/change_outcome.py",
        "earlier.reads + self.reads if self.reads else ()",
        "earlier.reads + self.reads",
        ("unit/test_change_outcome.py::test_attempt_that_was_repeated_ends_as_the_last_one_and_forgets_nothing",),
    ),
    Mutant(
        "a process makes two create probes at the same moment",
        "provisioning/verdicts.py",
        "        async with self._probing:\n",
        "        if self._probing:\n",
        (f"{VERDICTS}test_process_asks_one_question_of_a_kind_at_a_time",),
    ),
    Mutant(
        "a server that lost our account counts as healthy",
        "stalwart/health_check.py",
        "not in ([], before)",
        "!= before",
        ("unit/test_stalwart_health.py::test_a_server_that_echoes_and_reads_but_does_not_write_is_unhealthy",),
    ),
    Mutant(
        "an attempt in line uses up its lease",
        "provisioning/accept.py",
        "min(ends, before + self._lease / 2)",
        "ends",
        (f"{ACCEPT}test_attempt_in_line_ends_with_its_webhook_and_within_half_of_its_lease",),
    ),
    Mutant(
        "a process that leads no more keeps the lock",
        "postgres/leadership.py",
        "    except BaseException:  # cancelled: else we would keep the lock, and no process would lead\n"
        "        await conn.close()\n"
        "        raise\n",
        "",
        ("unit/test_leadership.py::test_cancelled_end_of_a_leadership_closes_its_connection",),
    ),
    Mutant(
        "the mailbox of the create probe is listed as somebody's",
        "stalwart/accounts.py",
        " and not _is_ours(each)",
        "",
        ("unit/test_create_probe.py::test_mailbox_of_the_probe_is_listed_as_nobodys",),
    ),
    Mutant(
        "a failure uses the verdict of a health check that began before it",
        "provisioning/single_flight.py",
        "        self._current, self._next = self._next, None\n",
        "        self._current = self._next\n",
        ("unit/test_single_flight.py::test_failures_during_a_health_check_share_one_later_health_check",),
    ),
    Mutant(
        "storing an outcome is tried for ever",
        "provisioning/attempt.py",
        "            if self._clock.monotonic() + SETTLE_PAUSE > lease_ends - STORED_BEFORE_LEASE_ENDS:\n",
        "            if False:\n",
        (f"{ATTEMPT}test_storing_an_outcome_is_abandoned_before_the_lease_ends",),
    ),
    Mutant(
        "all requests are released at once",
        "domain/slow_start.py",
        "    size: int = 1\n",
        "    size: int = 500\n",
        ("unit/test_slow_start.py::test_slow_start_begins_with_one_and_doubles_after_each_success",),
    ),
    Mutant(
        "a refused request is tried again with each mailbox that others get",
        "retry/release.py",
        "released = await self._releases.release(cause, capacity, excluding=state.failed)",
        "released = await self._releases.release(cause, capacity, excluding=())",
        ("unit/test_release.py::test_request_that_fails_after_its_release_is_not_released_for_a_day",),
    ),
]
