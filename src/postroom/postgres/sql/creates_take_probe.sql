-- The process that advances creates_probe_at may probe; the others read a later time.
UPDATE mail_server_breaker SET creates_probe_at = now() + make_interval(secs => %(interval)s)
WHERE creates_probe_at <= now() AND NOT open
RETURNING creates_error, creates_changed_at, creates_probe_at, true AS creates_failed_recently
