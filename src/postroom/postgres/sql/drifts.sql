SELECT identity_id, email, wanted_email FROM email_requests
WHERE wanted_email IS NOT NULL ORDER BY enqueued_at DESC LIMIT %(limit)s
