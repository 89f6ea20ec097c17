-- Store a request for each identity of a page that has none, and reserve its address. An identity whose address another one
-- has is left out; if two want one at the same moment, the statement fails on a unique index. Existing rows are left unchanged:
-- a sweep never revives a dead letter. Those that want another address, and were not attempted yet, are returned (`is_changed`),
-- except those that another transaction has locked: the next pass meets them again.
WITH asked AS (
    SELECT * FROM unnest(%(identity_ids)s::uuid[], %(emails)s::text[], %(names)s::text[])
        AS a (identity_id, email, display_name)
), changed AS (
    SELECT r.identity_id FROM asked a JOIN email_requests r ON r.identity_id = a.identity_id
    WHERE r.state <> 'dead' AND r.attempts = 0 AND r.email <> a.email
    FOR NO KEY UPDATE OF r SKIP LOCKED
), absent AS (
    SELECT a.identity_id, a.email, a.display_name FROM asked a
    WHERE NOT EXISTS (SELECT FROM email_requests r WHERE r.identity_id = a.identity_id)
), added AS (
    -- In the order of their addresses: two pages that took them in different orders would wait for each other.
    INSERT INTO email_requests (identity_id, email, display_name, state, due_at, enqueued_at)
    SELECT identity_id, email, display_name, 'waiting', now(), clock_timestamp() FROM absent
    WHERE NOT EXISTS (
        SELECT FROM addresses h
        WHERE h.address = absent.email AND h.role <> 'leaving' AND h.identity_id <> absent.identity_id
    )
    ORDER BY email
    ON CONFLICT (identity_id) DO NOTHING
    RETURNING {request}
), reserved AS (
    INSERT INTO addresses (address, identity_id, role)
    SELECT email, identity_id, 'wanted' FROM added ORDER BY email
    ON CONFLICT (address, identity_id) DO NOTHING
), logged AS (
    INSERT INTO email_provisioning_log (kratos_identity_id, email, action, status, attempt_count)
    SELECT identity_id, email, 'sweep', 'done', 0 FROM added
)
SELECT asked.identity_id AS asked_id, changed.identity_id IS NOT NULL AS is_changed, {request of added}
FROM asked
LEFT JOIN absent ON absent.identity_id = asked.identity_id
LEFT JOIN changed ON changed.identity_id = asked.identity_id
LEFT JOIN added ON added.identity_id = asked.identity_id
WHERE absent.identity_id IS NOT NULL OR changed.identity_id IS NOT NULL
