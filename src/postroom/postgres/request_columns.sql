identity_id, email, display_name, state, due_at, holder, attempts, retries, crashes, postponed,
outcome_unknown, waits_for, enqueued_at, last_error, reason, dismissed_at, step, goal
