-- What became of released requests: still to be attempted, or made. Whoever is in neither has failed.
SELECT identity_id, state = 'provisioned' AS made FROM email_requests
WHERE identity_id = ANY(%(identity_ids)s)
  AND (state IN ('running', 'provisioned') OR (state = 'waiting' AND due_at <= now()))
