-- Nobody looks at an account whose owner was away for a day, so its checked_at stands still and finds it.
DELETE FROM mail_states WHERE kratos_identity_id IN (
    SELECT kratos_identity_id FROM mail_states
    WHERE checked_at < now() - interval '1 day' AND seen_at < now() - interval '1 day'
    ORDER BY checked_at LIMIT 10000
)
RETURNING kratos_identity_id
