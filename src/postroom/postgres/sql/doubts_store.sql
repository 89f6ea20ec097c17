-- Store what a read showed, end what it no longer shows, and return how many of each kind found no place: `limit` of a kind are
-- stored. What a later read has stored stays. An absent identity has no other doubt, since nothing else of it is known. A new
-- address is written into the audit, too, so that its person is found by it.
WITH asked AS (
    SELECT * FROM unnest(%(identity_ids)s::uuid[], %(kinds)s::text[], %(seen)s::text[], %(updated)s::timestamptz[])
        AS a (identity_id, kind, seen, version)
), ended AS (
    DELETE FROM doubts d
    WHERE d.read_at < %(read_at)s AND (
        (d.identity_id, d.kind) IN (SELECT * FROM unnest(%(ended_ids)s::uuid[], %(ended_kinds)s::text[]))
        OR d.kind <> 'absent' AND d.identity_id IN (SELECT identity_id FROM asked WHERE kind = 'absent')
    )
), room AS (
    SELECT k.kind, %(limit)s - count(d.kind) AS places
    FROM (SELECT DISTINCT kind FROM asked) AS k LEFT JOIN doubts d ON d.kind = k.kind GROUP BY k.kind
), numbered AS (
    SELECT a.*, d.kind IS NOT NULL AS is_known, d.seen AS known_seen,
           row_number() OVER (PARTITION BY a.kind, d.kind IS NOT NULL ORDER BY a.identity_id) AS nth
    FROM asked a LEFT JOIN doubts d ON d.identity_id = a.identity_id AND d.kind = a.kind
), stored AS (
    INSERT INTO doubts (identity_id, kind, seen, version, found_by, read_at, pass)
    SELECT n.identity_id, n.kind, n.seen, n.version, %(found_by)s, %(read_at)s,
           CASE WHEN n.kind = 'absent' THEN %(pass)s::timestamptz END
    FROM numbered n JOIN room ON room.kind = n.kind
    WHERE n.is_known OR n.nth <= room.places
    ORDER BY n.identity_id, n.kind
    ON CONFLICT (identity_id, kind) DO UPDATE SET
        seen = excluded.seen, version = excluded.version, read_at = excluded.read_at, pass = excluded.pass
    WHERE doubts.read_at < excluded.read_at
      AND (doubts.seen, doubts.version, doubts.pass) IS DISTINCT FROM (excluded.seen, excluded.version, excluded.pass)
    RETURNING identity_id, kind, seen
), logged AS (
    INSERT INTO email_provisioning_log (kratos_identity_id, email, action, status, attempt_count, error_message)
    SELECT s.identity_id, s.seen, %(action)s, 'done', r.attempts,
           'another address is wanted; the mailbox stays ' || r.email
    FROM stored s
    JOIN numbered n ON n.identity_id = s.identity_id AND n.kind = s.kind
    JOIN email_requests r ON r.identity_id = s.identity_id
    WHERE s.kind = 'rename' AND n.known_seen IS DISTINCT FROM s.seen
)
SELECT n.kind, count(*) AS unstored FROM numbered n JOIN room ON room.kind = n.kind
WHERE NOT n.is_known AND n.nth > room.places GROUP BY n.kind
