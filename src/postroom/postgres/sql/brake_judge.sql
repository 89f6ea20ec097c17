-- A whole pass was judged. The requests of those who may be changed are due: their attempts read the identities again. Without a new
-- goal, so that a dead letter ends as before if nothing new is wanted. Who was let through more than a day ago is forgotten.
WITH judged AS (
    UPDATE brake SET closed = %(closed)s, judged_at = clock_timestamp()
), forgotten AS (
    DELETE FROM let_through
    WHERE at < clock_timestamp() - make_interval(secs => %(seconds)s) AND coalesce(accepted_at < at, true)
), due AS (
    SELECT r.identity_id FROM email_requests r
    WHERE r.identity_id = ANY(%(identity_ids)s::uuid[]) AND r.state IN ('provisioned', 'dead')
      AND EXISTS (SELECT FROM email_accounts a WHERE a.kratos_identity_id = r.identity_id)
    FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE email_requests r SET
    step = 'change', state = 'waiting', due_at = now(), retries = 0, crashes = 0, postponed = 0, waits_for = NULL,
    enqueued_at = clock_timestamp(), last_error = coalesce(reason, last_error), reason = NULL
FROM due d WHERE r.identity_id = d.identity_id
RETURNING {request of r}
