-- Whoever asked for this address, the living request first.
SELECT identity_id FROM email_requests WHERE email = %(email)s ORDER BY state = 'dead', enqueued_at DESC
