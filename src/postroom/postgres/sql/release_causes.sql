-- The causes that requests wait for, each once (one step through the index per cause, not per request), and when an
-- operator, the closing of the breaker or a create probe last ended it.
WITH RECURSIVE causes AS (
    (SELECT waits_for FROM email_requests WHERE waits_for IS NOT NULL ORDER BY waits_for LIMIT 1)
    UNION ALL
    SELECT (SELECT r.waits_for FROM email_requests r
            WHERE r.waits_for IS NOT NULL AND r.waits_for > causes.waits_for ORDER BY r.waits_for LIMIT 1)
    FROM causes WHERE causes.waits_for IS NOT NULL
)
SELECT waits_for,
       CASE WHEN waits_for LIKE 'domain:%%' THEN
                (SELECT resumed_at FROM resumed_domains WHERE 'domain:' || domain = waits_for)
            WHEN waits_for = 'creates' THEN (SELECT creates_changed_at FROM mail_server_breaker)
            ELSE (SELECT changed_at FROM mail_server_breaker) END AS ended_at
FROM causes WHERE waits_for IS NOT NULL
