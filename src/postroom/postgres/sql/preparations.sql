-- All that is shown to people of their mailboxes: one row for each identity.
-- LIMIT: PostgreSQL must look up each identity by an index. Without it, it may read all requests for a few thousand.
-- `until`: the audit has partitions for months to come, which then need not be planned for.
SELECT i.identity_id AS asked_id, now() AS asked_at, {request of r}, r.created_at AS requested_at,
       -- Without a record, whose mailbox it is cannot be known: for its person it is missing, too.
       CASE WHEN r.state = 'provisioned' AND a.id IS NULL THEN r.enqueued_at ELSE a.missing_at END AS missing_at,
       coalesce(a.id IS NOT NULL AND NOT (r.state IN ('waiting', 'running') AND r.step = 'create'), false) AS has_mailbox,
       CASE WHEN b.open THEN b.cause END AS breaker_cause, b.changed_at AS breaker_changed_at,
       refusal.email AS refused_email, refusal.code AS refused_code, refusal.reason AS refused_reason, refusal.refused_at,
       h.attempts AS ended_attempts, h.ended_at, h.outcomes
FROM unnest(%(identity_ids)s::uuid[]) AS i (identity_id)
LEFT JOIN mail_server_breaker b ON true
LEFT JOIN LATERAL (
    SELECT {request}, created_at FROM email_requests q WHERE q.identity_id = i.identity_id LIMIT 1
) r ON true
LEFT JOIN LATERAL (
    SELECT id, missing_at FROM email_accounts q WHERE q.kratos_identity_id = i.identity_id LIMIT 1
) a ON true
LEFT JOIN LATERAL (
    SELECT email, code, error_message AS reason, created_at AS refused_at
    FROM email_provisioning_log l
    WHERE l.kratos_identity_id = i.identity_id AND action = 'refuse' AND (r.state IS NULL OR r.state = 'dead')
      AND created_at <= %(until)s
    ORDER BY created_at DESC, id DESC LIMIT 1
) refusal ON true
LEFT JOIN LATERAL (
    SELECT array_agg(attempt_count ORDER BY created_at DESC, id DESC) AS attempts,
           array_agg(created_at ORDER BY created_at DESC, id DESC) AS ended_at,
           array_agg(status ORDER BY created_at DESC, id DESC) AS outcomes
    FROM (
        SELECT id, attempt_count, created_at, status FROM email_provisioning_log l
        WHERE l.kratos_identity_id = i.identity_id AND action = 'create' AND status = ANY(%(outcomes)s::text[])
          AND created_at <= %(until)s
        ORDER BY created_at DESC, id DESC LIMIT %(limit)s
    ) AS newest
) h ON true
