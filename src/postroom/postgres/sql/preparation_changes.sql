-- For the open streams of a process, each second: of which identities the mailbox may look different to the person now than
-- in the version that is known. `xmin` changes with each update of a row. The breaker matters while a request is to be
-- attempted, a refusal only where there is no request, or a dead one.
-- LIMIT, `until`: as in preparations.sql. A refusal from before `since` was read already.
SELECT k.identity_id, v.version
FROM unnest(%(identity_ids)s::uuid[], %(versions)s::text[]) AS k (identity_id, known)
LEFT JOIN mail_server_breaker b ON true
LEFT JOIN LATERAL (
    SELECT xmin::text AS changed, state, state = 'running' AND due_at <= now() AS lease_over
    FROM email_requests q WHERE q.identity_id = k.identity_id LIMIT 1
) r ON true
LEFT JOIN LATERAL (
    SELECT xmin::text AS changed FROM email_accounts q WHERE q.kratos_identity_id = k.identity_id LIMIT 1
) a ON true
LEFT JOIN LATERAL (
    SELECT max(id) AS id FROM email_provisioning_log l
    WHERE l.kratos_identity_id = k.identity_id AND action = 'refuse' AND (r.state IS NULL OR r.state = 'dead')
      AND created_at BETWEEN %(since)s AND %(until)s
) refusal ON true
CROSS JOIN LATERAL (
    SELECT concat_ws(' ', coalesce(r.changed, '-'), coalesce(a.changed, '-'), coalesce(refusal.id::text, '-'),
                     coalesce(r.lease_over::text, '-'),
                     CASE WHEN r.state IN ('waiting', 'running') THEN concat(b.open, b.cause, extract(epoch FROM b.changed_at)) END
           ) AS version
) v
WHERE v.version IS DISTINCT FROM k.known
