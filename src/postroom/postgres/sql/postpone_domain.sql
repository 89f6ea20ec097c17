-- The mail server does not have this domain: one attempt tells it for all of its waiting requests.
UPDATE email_requests SET due_at = now() + make_interval(secs => %(seconds)s)
WHERE state = 'waiting' AND due_at <= now() + make_interval(secs => %(seconds)s)
  AND split_part(email, '@', 2) = %(domain)s
RETURNING identity_id
