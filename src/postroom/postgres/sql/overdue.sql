-- The safety look: whoever Redis did not remind us of. A lease that ran out is looked at without grace.
SELECT identity_id FROM email_requests
WHERE (state = 'waiting' AND due_at <= now() - make_interval(secs => %(grace)s))
   OR (state = 'running' AND due_at <= now())
ORDER BY due_at LIMIT %(limit)s
