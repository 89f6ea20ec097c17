SELECT * FROM email_provisioning_log WHERE kratos_identity_id = %(identity_id)s ORDER BY created_at, id
