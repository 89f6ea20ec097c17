-- Store a document, unless the one that is stored is not the one that the caller has seen. No row: it was not stored.
-- `may_create`: the caller has seen that there is none. An existing row is then replaced only for one of `etags`.
WITH stored AS (
    INSERT INTO person_settings AS s (kratos_identity_id, document, etag)
    SELECT %(identity_id)s, %(document)s, %(etag)s
    WHERE %(may_create)s OR EXISTS (SELECT FROM person_settings WHERE kratos_identity_id = %(identity_id)s)
    ON CONFLICT (kratos_identity_id) DO UPDATE SET
        document = excluded.document, etag = excluded.etag, changed_at = now()
    WHERE s.etag = ANY(%(etags)s::text[]) OR %(any)s
    RETURNING kratos_identity_id, etag
), listening AS (
    -- A person who was never online has no such row, and gets no event. The row is locked before the id of the event is
    -- drawn, so that the ids of one person grow in the order of the commits.
    SELECT kratos_identity_id FROM mail_states WHERE kratos_identity_id = (SELECT kratos_identity_id FROM stored)
    FOR UPDATE
), told AS (
    INSERT INTO live_events (kratos_identity_id, type, data)
    SELECT kratos_identity_id, 'settings', jsonb_build_object('etag', etag) FROM listening JOIN stored USING (kratos_identity_id)
)
SELECT etag FROM stored
