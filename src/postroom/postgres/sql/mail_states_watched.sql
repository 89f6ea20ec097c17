-- A reinstalled mail server reuses account ids: of several people with one, it belongs to the one who was online last.
SELECT DISTINCT ON (stalwart_account_id) kratos_identity_id, stalwart_account_id, email, email_state, checked_at, extract(epoch FROM now() - checked_at)::float8 AS age FROM mail_states
WHERE stalwart_account_id = ANY(%(stalwart_ids)s) AND seen_at > now() - interval '1 day'
ORDER BY stalwart_account_id, seen_at DESC
