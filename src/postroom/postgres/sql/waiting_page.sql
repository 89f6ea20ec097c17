-- A page of the waiting requests, for the comparison with Redis. The condition `state IN` matches that of the index.
SELECT {request} FROM email_requests
WHERE state IN ('waiting', 'running') AND state = 'waiting' AND step = ANY(%(steps)s::text[])
  AND (due_at, identity_id) > (%(after_due)s, %(after_id)s)
ORDER BY due_at, identity_id LIMIT %(limit)s
