-- Events are forgotten from the old end only (outbox_prune): what is left tells whether any after event_id is gone.
-- An id that was never given (a database restored from a backup) is not known either.
SELECT %(event_id)s BETWEEN coalesce(kept.oldest - 1, 0) AND coalesce(kept.newest, 0) AS known,
       missed.id, missed.type, missed.data
FROM (SELECT min(id) AS oldest, max(id) AS newest FROM live_events) AS kept
LEFT JOIN LATERAL (
    SELECT id, type, data FROM live_events
    WHERE kratos_identity_id = %(identity_id)s AND id > %(event_id)s ORDER BY id LIMIT %(limit)s
) AS missed ON true
ORDER BY missed.id
