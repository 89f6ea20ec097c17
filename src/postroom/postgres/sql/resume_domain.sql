-- An operator states that the cause of a domain has ended: requests that began to wait before are released.
WITH resumed AS (
    INSERT INTO resumed_domains (domain, resumed_at, actor) VALUES (%(domain)s, clock_timestamp(), %(actor)s)
    ON CONFLICT (domain) DO UPDATE SET resumed_at = excluded.resumed_at, actor = excluded.actor
), logged AS (
    INSERT INTO email_provisioning_log (action, status, attempt_count, error_message, actor)
    VALUES ('resume', 'done', 0, 'requests that wait for ' || %(domain)s, %(actor)s)
)
SELECT count(*) AS waiting FROM email_requests WHERE waits_for = 'domain:' || %(domain)s
