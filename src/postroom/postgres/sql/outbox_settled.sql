-- The newest event that was announced a minute ago at least, with nothing older open. A minute, because ids are given
-- before the commit: a lower one that is still under way ends within the statement_timeout of 4 s. An event's own id,
-- never one between two: that may be drawn by a commit under way, too.
SELECT coalesce(max(id), 0) AS id FROM live_events WHERE id < coalesce(
    least(
        (SELECT min(id) FROM live_events WHERE announced_at IS NULL),
        (SELECT min(id) FROM live_events WHERE announced_at > now() - interval '1 min')
    ),
    9223372036854775807
)
