SELECT open, cause, error, changed_at, interval_s AS interval, nullif(probe_at, 'infinity') AS probe_at,
       extract(epoch FROM clock_timestamp() - changed_at)::float8 AS seconds_since,
       creates_error, creates_changed_at, creates_probe_at, creates_probe_at > now() AS creates_failed_recently,
       CASE WHEN slow_until > now() THEN slow_until END AS slow_until
FROM mail_server_breaker
