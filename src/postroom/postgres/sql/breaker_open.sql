-- Only the first to see it opens: the others' probes must not be put off by each new failure.
UPDATE mail_server_breaker SET
    open = true, cause = %(cause)s, error = %(error)s, changed_at = now(), interval_s = %(interval)s,
    probe_at = now() + make_interval(secs => %(interval)s)
WHERE NOT open
   -- But an outage that turns out to be an unknown key is probed as one: each probe counts towards a ban.
   OR (cause <> 'unauthorized' AND %(cause)s::text = 'unauthorized')
RETURNING singleton
