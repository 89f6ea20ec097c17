-- Delete only the oldest events, and never the newest finished one: the remaining ones show whether any after an id is
-- gone (outbox_after), and where a new client begins (outbox_settled). Limited, to end within the statement_timeout.
DELETE FROM live_events WHERE id < least(
    coalesce(
        (SELECT max(id) FROM live_events WHERE id < coalesce(
            (SELECT id FROM live_events
             WHERE (announced_at IS NULL OR announced_at > now() - interval '10 min')
               AND created_at > now() - interval '1 day'
             ORDER BY id LIMIT 1),
            9223372036854775807
        )),
        0
    ),
    (SELECT min(id) FROM live_events) + 20000
)
RETURNING id
