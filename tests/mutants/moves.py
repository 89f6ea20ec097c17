"""Mistakes in the parts that move a request. Those that mutmut makes in `domain` and `retry` are not here."""

from mutants.mutant import Mutant

ATTEMPT = "unit/test_attempt.py::"
WORKER = "unit/test_worker.py::"
SEEDS = "simulation/test_seeds.py::test_every_invariant_holds_in_thousands_of_seeded_runs"
OUTAGE = "simulation/test_outages.py::"
BACKLOG = (
    "simulation/test_backlog.py::"
    "test_10_000_requests_of_a_40_minute_outage_are_done_at_the_set_pace_and_new_sign_ups_first"
)

CORE = [
    Mutant(
        "a failure counts during an outage",
        "provisioning/attempt.py",
        "        if problem is None:\n            return Verdict.HEALTHY\n",
        "        if problem is None or True:\n            return Verdict.HEALTHY\n",
        (
            f"{ATTEMPT}test_only_a_failure_while_the_server_is_well_spends_a_retry_and_only_an_outage_opens_the_breaker",
            f"{OUTAGE}test_a_40_minute_outage_of_the_mail_server_buries_nobody_and_spends_one_retry_at_most",
        ),
    ),
    Mutant(
        "the mark is not looked up first",
        "provisioning/attempt.py",
        "        if lookup_first:\n",
        "        if lookup_first and not lookup_first:\n",
        (f"{ATTEMPT}test_after_an_unknown_outcome_the_mark_is_looked_up",),
    ),
    Mutant(
        "another address is accepted for the requested one",
        "provisioning/attempt.py",
        "if account.email != mailbox.email:",
        "if not account.email:",
        (f"{ATTEMPT}test_a_found_address_that_differs_is_never_taken_for_the_one_asked_for",),
    ),
    Mutant(
        "an outcome is lost when PostgreSQL is unavailable",
        "provisioning/attempt.py",
        "            await asyncio.sleep(SETTLE_PAUSE)\n",
        "            return None\n",
        (f"{ATTEMPT}test_an_outcome_is_settled_by_the_same_holder_until_postgresql_is_back",),
    ),
    Mutant(
        "the mailbox is made without the mark",
        "stalwart/registry.py",
        '"name": mark_of(mailbox.identity_id),',
        '"name": mailbox.local_part + "-alias",',
        (
            "unit/test_stalwart_registry.py::test_a_mailbox_is_created_with_its_mark_disabled_and_without_credentials",
            "contract/test_mail_server.py::test_an_identity_never_gets_a_second_mailbox",
        ),
    ),
    Mutant(
        "a stranger's mailbox is adopted",
        "stalwart/mark_domain.py",
        "return mark in {(alias.name, alias.domain_id) for alias in account.aliases.values()}",
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
        ("contract/test_mail_server.py::test_a_server_that_was_set_up_anew_gets_no_mailbox_with_a_mark_elsewhere",),
    ),
    Mutant(
        "ids of domains are cached for ever",
        "stalwart/registry.py",
        "_MOST_IDS, ID_CACHE_SECONDS, monotonic",
        "_MOST_IDS, 1e9, monotonic",
        ("unit/test_stalwart_ids.py::test_ids_live_for_a_minute",),
    ),
    Mutant(
        "a hook without a slot queues behind the backlog",
        "provisioning/accept.py",
        "self._wake(None if has_slot else request.identity_id)",
        "self._wake(None)",
        (BACKLOG,),
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
        (f"{WORKER}test_a_crashed_request_runs_alone",),
    ),
    Mutant(
        "reconcile says complete before it is",
        "retry/reconcile.py",
        "        removed, represented = await",
        "        await self._members.set_epoch()\n        removed, represented = await",
        ("unit/test_reconcile.py::test_a_full_pass_that_broke_off_does_not_call_redis_complete",),
    ),
    Mutant(
        "an identity that is nested too deeply ends every process",
        "kratos/identity_list.py",
        "    except RecursionError:\n",
        "    except ZeroDivisionError:\n",
        ("unit/test_kratos_identities.py::test_an_identity_that_cannot_be_read_is_set_aside_and_the_page_goes_on",),
    ),
    Mutant(
        "a refused page token stops the sweep",
        "provisioning/sweep.py",
        "        except PageTokenRefused as error:\n",
        "        except ZeroDivisionError as error:\n",
        ("unit/test_sweep.py::test_a_refused_page_token_begins_a_new_pass_and_not_at_once",),
    ),
    Mutant(
        "a reserved name of the operator frees the built-in ones",
        "settings.py",
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
        "provisioning/attempt.py",
        "        if error.domain is None:\n            await self._open_breaker(cause_of(error), str(error))\n",
        "",
        (f"{ATTEMPT}test_a_server_that_refuses_us_opens_the_breaker_with_an_alarm",),
    ),
    Mutant(
        "a server too busy to respond counts as unavailable",
        "provisioning/attempt.py",
        "        if isinstance(problem, Throttled):\n            return Verdict.NONE\n",
        "",
        (f"{ATTEMPT}test_only_a_failure_while_the_server_is_well_spends_a_retry_and_only_an_outage_opens_the_breaker",),
    ),
    Mutant(
        "a failure uses the verdict of a health check that began before it",
        "provisioning/single_flight.py",
        "        self._current, self._next = self._next, None\n",
        "        self._current = self._next\n",
        ("unit/test_single_flight.py::test_failures_during_a_question_take_the_verdict_of_one_later_question",),
    ),
    Mutant(
        "storing an outcome is tried for ever",
        "provisioning/attempt.py",
        "            if self._clock.monotonic() + SETTLE_PAUSE > lease_ends - STORED_BEFORE_LEASE_ENDS:\n",
        "            if False:\n",
        (f"{ATTEMPT}test_an_outcome_that_cannot_be_stored_is_given_up_before_the_lease_ends",),
    ),
    Mutant(
        "all requests are released at once",
        "domain/slow_start.py",
        "    size: int = 1\n",
        "    size: int = 500\n",
        ("unit/test_slow_start.py::test_one_is_tried_first_and_twice_as_many_after_each_success",),
    ),
    Mutant(
        "a refused request is tried again with each mailbox that others get",
        "retry/release.py",
        "released = await self._releases.release(cause, capacity, excluding=state.failed)",
        "released = await self._releases.release(cause, capacity, excluding=())",
        ("unit/test_release.py::test_who_fails_after_his_release_is_left_alone_for_a_day",),
    ),
]
