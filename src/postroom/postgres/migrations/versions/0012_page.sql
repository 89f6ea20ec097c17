-- The addresses of some of the mailboxes, and of the waiting and running requests, that were there before: those behind `after`, in
-- the order of the index. Returns the last one. A statement of older code about one of them waits for this page only.
-- Those of requests are locked until this is committed: one that died in between would leave its address reserved for ever. One
-- has a mailbox if that is being made again. The address of a mailbox stays held, whatever becomes of its request.
-- LATERAL with LIMIT: PostgreSQL must look up each row by an index. Otherwise it reads a whole table for each page.
WITH page AS (
    SELECT identity_id, email, state FROM email_requests
    WHERE state <> 'dead' AND email > %(after)s ORDER BY email LIMIT %(limit)s
), living AS (
    SELECT r.email, r.identity_id, coalesce(a.role, 'wanted') AS role
    FROM page p
    CROSS JOIN LATERAL (
        SELECT q.email, q.identity_id FROM email_requests q
        WHERE q.identity_id = p.identity_id AND q.state IN ('waiting', 'running') LIMIT 1
        FOR SHARE
    ) r
    LEFT JOIN LATERAL (
        SELECT 'held' AS role FROM email_accounts q
        WHERE q.kratos_identity_id = r.identity_id AND q.email = r.email LIMIT 1
    ) a ON true
    WHERE p.state <> 'provisioned'
), written AS (
    INSERT INTO addresses (address, identity_id, role)
    SELECT email, identity_id, 'held' FROM page WHERE state = 'provisioned'
    UNION ALL
    SELECT email, identity_id, role FROM living
    ORDER BY 1
    ON CONFLICT DO NOTHING
)
SELECT max(email) FROM page
