-- Record only refusals that differ from the identity's last one, not those of every sweep or repeated hook. Only the
-- last one counts, so that an address that comes back is recorded again.
INSERT INTO email_provisioning_log
    (kratos_identity_id, email, action, status, attempt_count, code, error_message, trigger_id, request_id, traceparent)
SELECT r.identity_id, r.email, 'refuse', 'done', 0, r.code, r.reason, %(trigger_id)s, %(request_id)s, %(traceparent)s
FROM unnest(%(identity_ids)s::uuid[], %(emails)s::text[], %(codes)s::text[], %(reasons)s::text[])
    AS r (identity_id, email, code, reason)
LEFT JOIN LATERAL (
    SELECT l.email, l.code FROM email_provisioning_log l
    WHERE l.kratos_identity_id = r.identity_id AND l.action = 'refuse'
    ORDER BY l.created_at DESC, l.id DESC LIMIT 1
) AS last ON true
WHERE last.code IS DISTINCT FROM r.code OR last.email IS DISTINCT FROM r.email
