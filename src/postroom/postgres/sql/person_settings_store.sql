-- Store a document, unless the one that is stored is not the one that the caller has seen. No row: it was not stored.
-- `may_create`: the caller has seen that there is none. An existing row is then replaced only for one of `etags`.
INSERT INTO person_settings AS s (kratos_identity_id, document, etag)
SELECT %(identity_id)s, %(document)s, %(etag)s
WHERE %(may_create)s OR EXISTS (SELECT FROM person_settings WHERE kratos_identity_id = %(identity_id)s)
ON CONFLICT (kratos_identity_id) DO UPDATE SET
    document = excluded.document, etag = excluded.etag, changed_at = now()
WHERE s.etag = ANY(%(etags)s::text[]) OR %(any)s
RETURNING etag
