-- As creates_work.sql, with the audit's row in the same commit.
WITH known AS (
    SELECT singleton, creates_error FROM mail_server_breaker
    WHERE creates_error IS NOT NULL AND creates_changed_at = %(since)s
    FOR UPDATE
), resumed AS (
    UPDATE mail_server_breaker b SET creates_error = NULL, creates_changed_at = clock_timestamp(), creates_probe_at = NULL
    FROM known WHERE b.singleton = known.singleton
    RETURNING known.creates_error AS error
), logged AS (
    INSERT INTO email_provisioning_log (action, status, attempt_count, error_message, actor)
    SELECT 'resume', 'done', 0, 'creates failed: ' || error, %(actor)s FROM resumed
)
SELECT error FROM resumed
