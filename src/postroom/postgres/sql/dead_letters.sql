SELECT identity_id, email, attempts, retries, crashes, enqueued_at, reason
FROM email_requests WHERE state = 'dead' AND dismissed_at IS NULL ORDER BY enqueued_at DESC LIMIT %(limit)s
