-- The newest event that was published at least a minute ago, with no older one unpublished. A minute, because ids are
-- drawn before the commit: a transaction with a lower id ends within the statement_timeout of 4 s. It is the id of an
-- event, never one between two: that may belong to a transaction under way, too.
SELECT coalesce(max(id), 0) AS id FROM live_events WHERE id < coalesce(
    least(
        (SELECT min(id) FROM live_events WHERE announced_at IS NULL),
        (SELECT min(id) FROM live_events WHERE announced_at > now() - interval '1 min')
    ),
    9223372036854775807
)
