-- A person is online. After a day offline, or with another account, the state starts over.
INSERT INTO mail_states AS known (kratos_identity_id, stalwart_account_id, email)
VALUES (%(identity_id)s, %(stalwart_account_id)s, %(email)s)
ON CONFLICT (kratos_identity_id) DO UPDATE SET
    email_state = CASE WHEN known.seen_at > now() - interval '1 day'
                        AND known.stalwart_account_id = excluded.stalwart_account_id THEN known.email_state END,
    stalwart_account_id = excluded.stalwart_account_id,
    email = excluded.email,
    seen_at = now()
RETURNING kratos_identity_id, stalwart_account_id, email, email_state, checked_at, extract(epoch FROM now() - checked_at)::float8 AS age
