-- Which released requests are still to be attempted, or have their mailbox. The others have failed.
SELECT identity_id, state = 'provisioned' AS made FROM email_requests
WHERE identity_id = ANY(%(identity_ids)s)
  AND (state IN ('running', 'provisioned') OR (state = 'waiting' AND due_at <= now()))
