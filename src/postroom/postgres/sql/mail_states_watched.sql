SELECT *, extract(epoch FROM now() - checked_at)::float8 AS age FROM mail_states
WHERE stalwart_account_id = ANY(%(stalwart_ids)s) AND seen_at > now() - interval '1 day'
