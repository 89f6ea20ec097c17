-- Only the first failure opens it: later failures must not postpone the probe.
UPDATE mail_server_breaker SET
    open = true, cause = %(cause)s, error = %(error)s, changed_at = clock_timestamp(), interval_s = %(interval)s,
    probe_at = now() + make_interval(secs => %(interval)s)
WHERE NOT open
   -- But an outage that turns out to be an unknown key is probed less often: each probe counts towards a ban.
   OR (cause IN ('outage', 'misconfigured') AND %(cause)s::text = 'unauthorized')
RETURNING singleton
