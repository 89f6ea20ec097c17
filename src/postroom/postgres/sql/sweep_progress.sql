SELECT token, due_at, extract(epoch FROM due_at - clock_timestamp())::float8 AS due_in, started_at, finished_at
FROM identity_sweep
