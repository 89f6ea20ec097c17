-- The identities that requested this address, the one whose request is not dead first.
SELECT identity_id FROM email_requests WHERE email = %(email)s ORDER BY state = 'dead', enqueued_at DESC
