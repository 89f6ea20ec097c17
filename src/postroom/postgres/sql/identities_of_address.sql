-- The identities that have this address or ever asked for it, the most recently active first; null stands for webhooks that
-- named no identity. The address of a refusal is compared as it was sent, except for case and surrounding space; `stored`
-- is the form in which Postroom stores it, with the ASCII form of its domain.
WITH found AS (
    SELECT identity_id FROM email_requests WHERE email = %(stored)s
    UNION
    SELECT kratos_identity_id FROM email_provisioning_log
    WHERE lower(btrim(email)) IN (lower(btrim(%(address)s::text)), %(stored)s) AND status NOT IN ('pending', 'success')
)
SELECT identity_id FROM found
ORDER BY (SELECT max(created_at) FROM email_provisioning_log l WHERE l.kratos_identity_id = found.identity_id)
    DESC NULLS LAST
LIMIT %(limit)s
