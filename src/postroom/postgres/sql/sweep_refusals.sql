-- Each refusal once, not at every sweep.
INSERT INTO email_provisioning_log (kratos_identity_id, email, action, status, attempt_count, error_message)
SELECT identity_id, email, 'refuse', 'done', 0, why
FROM unnest(%(identity_ids)s::uuid[], %(emails)s::text[], %(reasons)s::text[]) AS r (identity_id, email, why)
WHERE NOT EXISTS (
    SELECT FROM email_provisioning_log l
    WHERE l.kratos_identity_id = r.identity_id AND l.action = 'refuse' AND l.email IS NOT DISTINCT FROM r.email
)
