-- The first writer wins: the row must be absent, or still be the one to be replaced.
INSERT INTO mail_credentials AS stored (kratos_identity_id, stalwart_account_id, credential_id, secret)
VALUES (%(identity_id)s, %(account_id)s, %(credential_id)s, %(secret)s)
ON CONFLICT (kratos_identity_id) DO UPDATE
SET stalwart_account_id = excluded.stalwart_account_id,
    credential_id = excluded.credential_id,
    secret = excluded.secret,
    created_at = now()
WHERE stored.secret = %(instead_of)s::bytea
RETURNING kratos_identity_id
