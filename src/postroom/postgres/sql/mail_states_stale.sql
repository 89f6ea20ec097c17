-- A page of the accounts that were not polled for so many seconds, the longest first. Two conditions on the time, not an
-- OR, so that the index gives both ends of the range.
SELECT kratos_identity_id, stalwart_account_id, email, email_state, checked_at, extract(epoch FROM now() - checked_at)::float8 AS age FROM mail_states
WHERE checked_at <= now() - make_interval(secs => %(seconds)s)
  AND checked_at >= coalesce(%(after_checked)s::timestamptz, '-infinity')
  AND (checked_at, kratos_identity_id) > (coalesce(%(after_checked)s::timestamptz, '-infinity'),
                                          coalesce(%(after_id)s::uuid, '00000000-0000-0000-0000-000000000000'))
  AND seen_at > now() - interval '1 day'
ORDER BY checked_at, kratos_identity_id LIMIT %(limit)s
