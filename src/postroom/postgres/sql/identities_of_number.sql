-- The identities whose id lies between two ids: those that begin with a support number.
SELECT identity_id FROM email_requests WHERE identity_id BETWEEN %(first_id)s AND %(last_id)s
UNION
SELECT kratos_identity_id FROM email_provisioning_log WHERE kratos_identity_id BETWEEN %(first_id)s AND %(last_id)s
LIMIT %(limit)s
