SELECT extract(epoch FROM min(due_at) - clock_timestamp())::float8 AS next_in
FROM email_requests WHERE state IN ('waiting', 'running')
