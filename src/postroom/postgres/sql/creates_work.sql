-- End only the fault that was known before the probe: a process that was suspended meanwhile does not know of a later one.
UPDATE mail_server_breaker SET creates_error = NULL, creates_changed_at = clock_timestamp(), creates_probe_at = NULL
WHERE creates_error IS NOT NULL AND creates_changed_at = %(since)s
RETURNING singleton
