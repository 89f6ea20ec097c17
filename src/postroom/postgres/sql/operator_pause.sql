-- An operator stops the requests to the mail server, with the audit's row in the same commit. There are no probes. No row:
-- they are paused already, and the first reason stays.
WITH paused AS (
    UPDATE mail_server_breaker SET
        open = true, cause = 'paused', error = %(message)s, changed_at = clock_timestamp(), interval_s = %(interval)s,
        probe_at = 'infinity'
    WHERE NOT open OR cause <> 'paused'
    RETURNING singleton
), logged AS (
    INSERT INTO email_provisioning_log (action, status, attempt_count, error_message, actor)
    SELECT 'pause', 'done', 0, %(reason)s, %(actor)s FROM paused
)
SELECT singleton FROM paused
