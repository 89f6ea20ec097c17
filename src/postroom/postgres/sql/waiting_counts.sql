SELECT count(*) FILTER (WHERE state = 'waiting') AS waiting, count(*) FILTER (WHERE state = 'running') AS running
FROM email_requests WHERE state IN ('waiting', 'running') AND step = ANY(%(steps)s::text[])
