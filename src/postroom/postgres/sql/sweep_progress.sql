SELECT token, due_at, extract(epoch FROM due_at - clock_timestamp())::float8 AS due_in, started_at, finished_at,
       clock_timestamp() AS read_at, census, counted
FROM identity_sweep
