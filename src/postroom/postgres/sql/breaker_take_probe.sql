-- The process that advances probe_at may probe; the others read a later time. A paused breaker is never due.
UPDATE mail_server_breaker SET
    interval_s = %(interval)s, probe_at = now() + make_interval(secs => %(interval)s)
WHERE open AND probe_at <= now() AND changed_at = %(changed_at)s
RETURNING singleton
