SELECT kratos_identity_id AS identity_id, email, code, error_message AS reason, created_at AS refused_at
FROM email_provisioning_log
WHERE kratos_identity_id = %(identity_id)s AND action = 'refuse'
ORDER BY created_at DESC, id DESC LIMIT 1
