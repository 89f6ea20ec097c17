-- Make some of the requests due now whose cause ended after they began to wait (`enqueued_at`). A cause of the breaker
-- ends when the breaker closes, a fault of every create by a create probe or `postroom resume`, one of every change by a
-- change probe, which the caller has made; that of a domain when a mailbox in the domain is made, or by `postroom resume`.
-- Any other cause never ends here.
-- The oldest go first: in that order the index skips all requests whose cause has not ended since.
WITH cause AS (
    SELECT %(cause)s::text AS name, substr(%(cause)s::text, length('domain:') + 1) AS domain
), ended AS (
    SELECT CASE WHEN name LIKE 'domain:%%' THEN greatest(
                    (SELECT max(created_at) FROM email_accounts WHERE split_part(email, '@', 2) = domain),
                    (SELECT resumed_at FROM resumed_domains r WHERE r.domain = cause.domain))
                WHEN name IN ('outage', 'misconfigured', 'creates', 'changes')
                     AND (SELECT NOT open AND (name <> 'creates' OR creates_error IS NULL) FROM mail_server_breaker)
                THEN now() END AS at
    FROM cause
), chosen AS (
    SELECT identity_id, enqueued_at AS enqueued_before FROM email_requests
    WHERE waits_for = (SELECT name FROM cause) AND step = ANY(%(steps)s::text[]) AND enqueued_at < (SELECT at FROM ended)
      AND identity_id <> ALL(%(excluding)s::uuid[])
    ORDER BY enqueued_at LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
UPDATE email_requests r SET
    due_at = least(due_at, now()), waits_for = NULL, enqueued_at = clock_timestamp()
FROM chosen c WHERE r.identity_id = c.identity_id
RETURNING {request of r}, c.enqueued_before
