-- From the old end only, and never the newest: see outbox_after. Bounded, to end within the statement_timeout.
DELETE FROM live_events WHERE id < least(
    coalesce(
        (SELECT id FROM live_events
         WHERE (announced_at IS NULL OR announced_at > now() - interval '10 min')
           AND created_at > now() - interval '1 day'
         ORDER BY id LIMIT 1),
        (SELECT max(id) FROM live_events)
    ),
    (SELECT min(id) FROM live_events) + 20000
)
RETURNING id
