-- The id up to which every event was announced a minute ago at least. A minute, because ids are given before the
-- commit: a lower one that is still under way ends within the statement_timeout of 4 s.
SELECT coalesce(
    least(
        (SELECT min(id) FROM live_events WHERE announced_at IS NULL),
        (SELECT min(id) FROM live_events WHERE announced_at > now() - interval '1 min')
    ) - 1,
    (SELECT max(id) FROM live_events),
    0
) AS id
