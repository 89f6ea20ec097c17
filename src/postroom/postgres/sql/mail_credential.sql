SELECT stalwart_account_id, credential_id, secret, extract(epoch FROM now() - created_at)::float8 AS age
FROM mail_credentials
WHERE kratos_identity_id = %(identity_id)s
