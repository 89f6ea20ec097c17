-- The create probe failed. creates_changed_at is set by the first failure only; each one postpones the next probe.
WITH before AS (
    SELECT creates_error IS NULL AS is_new FROM mail_server_breaker FOR UPDATE
)
UPDATE mail_server_breaker SET
    creates_error = %(error)s, creates_probe_at = now() + make_interval(secs => %(interval)s),
    creates_changed_at = CASE WHEN before.is_new THEN clock_timestamp() ELSE creates_changed_at END
FROM before
RETURNING before.is_new
