-- One token of a person is added at a time, or two at once would both be the last that is allowed.
SELECT pg_advisory_xact_lock(hashtextextended('postroom.access_tokens.' || %(identity_id)s::text, 0))
