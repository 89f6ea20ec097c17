SELECT {request}, enqueued_at < now() - make_interval(secs => %(quiet)s) AS quiet
FROM email_requests WHERE identity_id = ANY(%(identity_ids)s) AND step = ANY(%(steps)s::text[])
