-- The first to come wins: the row must be absent, or still be the one that is to be replaced.
INSERT INTO mail_credentials AS kept (kratos_identity_id, stalwart_account_id, credential_id, secret)
VALUES (%(identity_id)s, %(account_id)s, %(credential_id)s, %(secret)s)
ON CONFLICT (kratos_identity_id) DO UPDATE
SET stalwart_account_id = excluded.stalwart_account_id,
    credential_id = excluded.credential_id,
    secret = excluded.secret,
    created_at = now()
WHERE kept.secret = %(instead_of)s::bytea
RETURNING kratos_identity_id
