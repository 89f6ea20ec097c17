-- Waiting requests that become due soon.
SELECT {request} FROM email_requests
WHERE state IN ('waiting', 'running') AND state = 'waiting' AND step = ANY(%(steps)s::text[])
  AND due_at BETWEEN now() + make_interval(secs => %(earliest)s) AND now() + make_interval(secs => %(latest)s)
ORDER BY due_at LIMIT %(limit)s
