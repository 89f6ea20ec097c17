-- As breaker_close.sql, with the audit's row in the same commit.
WITH resumed AS (
    UPDATE mail_server_breaker SET open = false, error = NULL, changed_at = now(), probe_at = NULL
    WHERE open AND changed_at = %(changed_at)s
    RETURNING singleton
), logged AS (
    INSERT INTO email_provisioning_log (action, status, attempt_count, error_message, actor)
    SELECT 'resume', 'done', 0, %(reason)s, %(actor)s FROM resumed
)
SELECT singleton FROM resumed
