-- Add one token of a person at a time: two at once could both be the last one allowed, and exceed the limit.
SELECT pg_advisory_xact_lock(hashtextextended('postroom.access_tokens.' || %(identity_id)s::text, 0))
