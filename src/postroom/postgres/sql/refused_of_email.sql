-- The identity that was last refused with this address as it was typed, ignoring case and surrounding space.
SELECT kratos_identity_id AS identity_id FROM email_provisioning_log
WHERE action = 'refuse' AND kratos_identity_id IS NOT NULL AND lower(btrim(email)) = lower(btrim(%(email)s::text))
ORDER BY created_at DESC LIMIT 1
