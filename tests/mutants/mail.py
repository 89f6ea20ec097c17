"""Mistakes in the detection of new mail, in the outbox, and in the separation of people."""

from mutants.mutant import SQL, Mutant

ARRIVALS = "integration/test_arrivals.py::"
STATES = "integration/test_mail_states.py::"
OUTBOX = "integration/test_outbox.py::"
PUBLISHER = "unit/test_outbox_publisher.py::"
LIVE = "integration/test_live.py::"
QUEUE = "unit/test_poll_queue.py::"
PACE = "unit/test_arrival_pace.py::"
WEBHOOK = "unit/test_stalwart_webhook.py::"
PEOPLE = "unit/test_people.py::"
RULES = "unit/test_gateway_rules.py::"
SENDING = "integration/gateway/test_sending.py::"
TARGETS = (
    "integration/gateway/test_attacks_on_the_wire.py::"
    "test_no_request_target_reaches_a_foreign_account_or_an_unknown_path"
)

NEW_MAIL = [
    Mutant(
        "advance does not check where the poll began",
        f"{SQL}mail_state_advance.sql",
        "      AND email_state IS NOT DISTINCT FROM %(previous)s::text\n",
        "",
        (
            f"{STATES}test_only_a_poll_that_began_with_the_stored_state_advances_it",
            f"{ARRIVALS}test_two_processes_that_get_a_hint_at_once_announce_the_mail_once",
        ),
    ),
    Mutant(
        "advance stores events but not the state",
        f"{SQL}mail_state_advance.sql",
        "SET email_state = %(email_state)s, checked_at",
        "SET checked_at",
        (f"{STATES}test_only_a_poll_that_began_with_the_stored_state_advances_it",),
    ),
    Mutant(
        "publishers are woken before the commit, too",
        "arrivals/arrivals.py",
        "        written = bool(found.events)",
        "        if found.events:\n            self._wake()\n        written = bool(found.events)",
        (f"{ARRIVALS}test_two_processes_that_get_a_hint_at_once_announce_the_mail_once",),
    ),
    Mutant(
        "a poll that was overtaken is not repeated",
        "arrivals/arrivals.py",
        "return _PollResult(repeat=True)",
        "return _PollResult()",
        (f"{ARRIVALS}test_a_poll_that_was_overtaken_by_an_earlier_one_is_repeated",),
    ),
    Mutant(
        "a hint during a poll is forgotten",
        "arrivals/poll_queue.py",
        "account.hinted -= {state} if state is not None else set()",
        "account.hinted.clear()",
        (f"{QUEUE}test_no_hint_is_lost_and_no_account_is_polled_twice_within_the_pause",),
    ),
    Mutant(
        "the pause of an account is forgotten",
        "arrivals/poll_queue.py",
        "max(self.not_before, self.pace.due(self.hinted_at))",
        "self.not_before",
        (
            f"{QUEUE}test_a_poll_follows_the_last_one_at_the_pace_of_what_was_found_and_after_a_quiet_time_at_once",
            f"{PACE}test_ten_thousand_mails_in_three_minutes_give_at_most_twenty_events_and_none_is_missing",
        ),
    ),
    Mutant(
        "mail that came during a long pause is a burst",
        "domain/poll_pace.py",
        "excess + mails - MAILS_PER_SECOND * paused",
        "excess + mails",
        (f"{PACE}test_after_a_burst_single_mails_are_announced_at_once_again",),
    ),
    Mutant(
        "a poll that found nothing costs no more than one that found a mail",
        "arrivals/arrivals.py",
        "mails = EMPTY_POLL if email_state == since else max(1, created)",
        "mails = max(1, created)",
        (f"{PACE}test_hints_without_news_cost_the_mail_server_four_polls_a_second_and_one_slot_of_the_person",),
    ),
    Mutant(
        "mail that the person has read is announced as new",
        "domain/arrival.py",
        '_QUIET = frozenset({"$draft", "$junk", "$seen"})',
        '_QUIET = frozenset({"$draft", "$junk"})',
        ("unit/test_arrival.py::test_what_is_not_new_mail_in_the_inbox_is_not_announced",),
    ),
]

THE_OUTBOX = [
    Mutant(
        "a claim takes an account that is claimed",
        f"{SQL}outbox_claim.sql",
        " AND (claimed_until IS NULL OR claimed_until <= now())",
        "",
        (f"{OUTBOX}test_claimed_or_published_event_is_not_claimed_again",),
    ),
    Mutant(
        "a claim takes an account that another process is about to claim",
        f"{SQL}outbox_claim.sql",
        "    FOR UPDATE SKIP LOCKED\n",
        "",
        (f"{OUTBOX}test_uncommitted_outbox_claim_blocks_later_events_of_the_same_person",),
    ),
    Mutant(
        "a newer event overtakes the one that is being published",
        f"{SQL}outbox_claim.sql",
        "SELECT id FROM waiting WHERE id = oldest",
        "SELECT id FROM waiting WHERE id >= oldest",
        (f"{OUTBOX}test_event_waits_while_an_older_one_of_the_same_person_is_claimed",),
    ),
    Mutant(
        "an event is recorded as announced before it was",
        "arrivals/outbox_publisher.py",
        "            refused = await self._publisher.publish(events)\n",
        "            await self._outbox.published(ids)\n            refused = await self._publisher.publish(events)\n",
        (f"{PUBLISHER}test_while_the_publisher_is_unavailable_nothing_is_lost_and_wakes_do_not_flood_it",),
    ),
    Mutant(
        "a client whose missed events were pruned gets no reload",
        f"{SQL}outbox_after.sql",
        "%(event_id)s BETWEEN coalesce(stored.oldest - 1, 0) AND",
        "%(event_id)s BETWEEN 0 AND",
        (
            f"{OUTBOX}test_events_missed_before_the_oldest_kept_event_are_unknown",
            f"{LIVE}test_a_client_whose_last_event_is_pruned_or_unknown_must_reload",
        ),
    ),
    Mutant(
        "Centrifugo does not get the id of an event",
        "realtime/centrifugo.py",
        '                    "idempotency_key": str(event.id),\n',
        "",
        ("unit/test_centrifugo.py::test_events_go_in_one_batch_in_order_each_with_its_key_on_its_persons_channel",),
    ),
]

APART = [
    Mutant(
        "any signature of a webhook is accepted",
        "stalwart/webhook.py",
        "        return hmac.compare_digest(given, hmac.digest(self._key, raw, hashlib.sha256))",
        "        return len(given) == hashlib.sha256().digest_size",
        (
            f"{WEBHOOK}test_forged_webhook_signature_is_rejected",
            f"{WEBHOOK}test_forged_stalwart_webhook_is_rejected_and_gives_no_hint",
        ),
    ),
    Mutant(
        "a replayed webhook counts again",
        "stalwart/webhook.py",
        "if hint.document_id is None or not self._is_duplicate(hint)]",
        "]",
        (f"{WEBHOOK}test_replayed_stalwart_webhook_is_accepted_but_gives_no_new_hint",),
    ),
    Mutant(
        "the account of a Blob call is not checked",
        "gateway/rules.py",
        "    if method == ECHO:\n",
        '    if method == ECHO or method.startswith("Blob/"):\n',
        (f"{RULES}test_each_method_is_allowed_for_the_own_account_only",),
    ),
    Mutant(
        "account ids inside the arguments are not checked",
        "gateway/rules.py",
        "                waiting.append(inner)\n",
        "                pass\n",
        (f"{RULES}test_each_account_id_of_a_call_must_be_the_own_one",),
    ),
    Mutant(
        "the Sender of what is sent is not checked",
        "domain/originator_fields.py",
        '("From", "Sender")',
        '("From",)',
        ("unit/test_originator_fields.py::test_message_may_leave_only_if_each_address_is_one_of_the_identities",),
    ),
    Mutant(
        "a header section ends where a line is no field",
        "domain/header_section.py",
        'fields if start.startswith(b"\\r\\n", end) else None',
        "fields",
        ("unit/test_originator_fields.py::test_message_may_leave_only_if_each_address_is_one_of_the_identities",),
    ),
    Mutant(
        "another email may be sent than was looked up",
        "gateway/submissions.py",
        'allowed[key] = {**value, "emailId": email_id}',
        "allowed[key] = value",
        (f"{SENDING}test_creation_ids_hold_across_the_parts_and_are_returned_only_if_given",),
    ),
    Mutant(
        "an upload goes to whatever account it names",
        "gateway/routes.py",
        '        if client.request.path_params["account_id"] != admitted.account_id:\n',
        '        if not client.request.path_params["account_id"]:\n',
        (TARGETS,),
    ),
    Mutant(
        "an event stream includes other accounts",
        "gateway/event_source_filter.py",
        "own = {self._account_id: changed[self._account_id]}",
        "own = changed",
        ("unit/test_event_source_filter.py::test_event_source_passes_on_only_pings_and_changes_of_the_own_account",),
    ),
    Mutant(
        "one person revokes another's access token",
        f"{SQL}access_token_revoke.sql",
        " AND kratos_identity_id = %(identity_id)s",
        "",
        ("integration/test_access_tokens.py::test_a_person_sees_and_revokes_only_their_own",),
    ),
    Mutant(
        "no process is notified that an access token was revoked",
        f"{SQL}access_token_revoke.sql",
        "SELECT id, pg_notify('postroom_access_tokens', '') FROM revoked",
        "SELECT id FROM revoked",
        ("integration/test_token_revocations.py::test_token_revocation_reaches_every_process",),
    ),
    Mutant(
        "a token read before a revocation is cached after it",
        "people/token_cache.py",
        " and self._clearings == before",
        "",
        ("unit/test_access_tokens.py::test_a_token_read_before_a_revocation_is_not_cached_after_it",),
    ),
    Mutant(
        "a cached login counts as fresh",
        "kratos/sessions.py",
        "        if refresh:\n",
        "        if refresh and key not in self._cache:\n",
        ("unit/test_kratos_sessions.py::test_a_refresh_bypasses_the_cache_and_shares_no_earlier_call",),
    ),
    Mutant(
        "an access token is accepted with any address",
        "people/basic_credentials.py",
        "return hmac.compare_digest(stated.encode(), own.encode())",
        "return bool(stated)",
        (f"{PEOPLE}test_basic_auth_user_name_must_be_the_address_of_the_token_owner",),
    ),
    Mutant(
        "credentials that a browser stores for HTTP Basic count from any page",
        "people/people.py",
        "                    require_not_foreign(headers, self.public_url)\n",
        "                    pass\n",
        (f"{PEOPLE}test_basic_credentials_are_rejected_from_foreign_origins",),
    ),
    Mutant(
        "HTTP Basic is offered to a browser",
        "people/people.py",
        "return _BROWSER_HEADERS.isdisjoint(headers)",
        "return True",
        (f"{PEOPLE}test_http_basic_is_not_offered_to_a_browser_which_would_open_its_own_dialog",),
    ),
    Mutant(
        "responses to a cookie are shown to another origin",
        "api/cross_origin.py",
        "            allow_origins=origins,\n",
        "            allow_origins=origins,\n            allow_credentials=True,\n",
        ("integration/gateway/test_cross_origin.py::test_a_listed_page_may_send_a_token_and_its_preflight_needs_none",),
    ),
    Mutant(
        "a device is connected by an old login",
        "api/devices.py",
        "visitor: Annotated[Visitor, Depends(fresh)]",
        "visitor: Annotated[Visitor, Depends(visiting)]",
        (
            "integration/test_connect_a_device.py::"
            "test_connecting_a_device_needs_a_fresh_login_but_listing_or_disconnecting_does_not",
        ),
    ),
]
