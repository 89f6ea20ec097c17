-- The identities without a request that were refused in the last 30 days, the latest first; `total` counts them all.
WITH refused AS (
    SELECT DISTINCT ON (l.kratos_identity_id)
           l.kratos_identity_id AS identity_id, l.email, l.code, l.error_message AS reason, l.created_at AS refused_at
    FROM email_provisioning_log l
    WHERE l.action = 'refuse' AND l.created_at > now() - interval '30 days' AND l.kratos_identity_id IS NOT NULL
      AND NOT EXISTS (SELECT FROM email_requests r WHERE r.identity_id = l.kratos_identity_id)
    ORDER BY l.kratos_identity_id, l.created_at DESC, l.id DESC
)
SELECT identity_id, email, code, reason, refused_at, count(*) OVER () AS total
FROM refused ORDER BY refused_at DESC LIMIT %(limit)s
