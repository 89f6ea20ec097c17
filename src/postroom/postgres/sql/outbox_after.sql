-- Only the oldest events are deleted (outbox_prune), so the remaining ones show whether any after event_id is gone.
-- An id that was never assigned (after a restore from a backup) is unknown, too.
SELECT %(event_id)s BETWEEN coalesce(stored.oldest - 1, 0) AND coalesce(stored.newest, 0) AS known,
       missed.id, missed.type, missed.data
FROM (SELECT min(id) AS oldest, max(id) AS newest FROM live_events) AS stored
LEFT JOIN LATERAL (
    SELECT id, type, data FROM live_events
    WHERE kratos_identity_id = %(identity_id)s AND id > %(event_id)s ORDER BY id LIMIT %(limit)s
) AS missed ON true
ORDER BY missed.id
