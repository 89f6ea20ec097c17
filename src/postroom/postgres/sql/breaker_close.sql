-- Close only the opening that was probed: a process that was suspended meanwhile does not know of a later one.
UPDATE mail_server_breaker SET open = false, error = NULL, changed_at = now(), probe_at = NULL
WHERE open AND changed_at = %(changed_at)s
RETURNING singleton
