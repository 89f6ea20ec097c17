-- An account whose owner was offline for a day is not polled, so it is found by its old checked_at.
DELETE FROM mail_states WHERE kratos_identity_id IN (
    SELECT kratos_identity_id FROM mail_states
    WHERE checked_at < now() - interval '1 day' AND seen_at < now() - interval '1 day'
    ORDER BY checked_at LIMIT 10000
)
RETURNING kratos_identity_id
