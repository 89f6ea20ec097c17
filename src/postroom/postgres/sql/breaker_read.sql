SELECT open, cause, error, changed_at, interval_s AS interval, nullif(probe_at, 'infinity') AS probe_at,
       extract(epoch FROM clock_timestamp() - changed_at)::float8 AS seconds_since
FROM mail_server_breaker
