-- The next audit rows after a time and id, of everybody or of these identities and this address, and the time of this
-- statement. Without a time: the rows of the last seconds.
SELECT clock.asked_at, l.*
FROM (SELECT now() AS asked_at) AS clock LEFT JOIN LATERAL (
    SELECT id, kratos_identity_id, email, action, status, attempt_count, error_message, code, holder,
           stalwart_account_id, actor, trigger_id, request_id, traceparent, created_at
    FROM email_provisioning_log
    WHERE created_at >= coalesce(%(after_at)s::timestamptz, now() - make_interval(secs => %(overlap)s))
      AND (created_at, id) > (coalesce(%(after_at)s::timestamptz, '-infinity'), %(after_entry)s::bigint)
      AND (%(everybody)s OR kratos_identity_id = ANY(%(identity_ids)s::uuid[])
           OR lower(btrim(email)) IN (lower(btrim(%(address)s::text)), %(stored)s::text))
    ORDER BY created_at, id LIMIT %(limit)s
) AS l ON true
ORDER BY l.created_at, l.id
