UPDATE mail_server_breaker SET open = false, error = NULL, changed_at = now(), probe_at = NULL
WHERE open
RETURNING singleton
