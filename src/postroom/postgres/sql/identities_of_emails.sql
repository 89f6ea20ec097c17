-- The identity that each address stands for: that of the living request, or of a dead one, as asked. Of several dead ones it
-- is the newest that is not dismissed.
SELECT DISTINCT ON (email) email, identity_id FROM email_requests
WHERE email = ANY(%(emails)s::text[])
ORDER BY email, ((state = 'dead') = %(dead_first)s) DESC, dismissed_at IS NOT NULL, enqueued_at DESC
