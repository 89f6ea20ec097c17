SELECT token, extract(epoch FROM due_at - clock_timestamp())::float8 AS due_in FROM identity_sweep
