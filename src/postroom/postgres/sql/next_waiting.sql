SELECT identity_id, email, state, retries, due_at, last_error
FROM email_requests WHERE state IN ('waiting', 'running') ORDER BY due_at LIMIT %(limit)s
