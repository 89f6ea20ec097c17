-- The addresses of some of the waiting and running requests that were there before; repeated until none is left. They are locked
-- until this is committed: one that died in between would leave its address reserved for ever. One has a mailbox if that is being
-- made again.
-- LATERAL with LIMIT: PostgreSQL must look up each address by the index. Otherwise it reads the whole table each time.
INSERT INTO addresses (address, identity_id, role)
SELECT r.email, r.identity_id,
       CASE WHEN EXISTS (SELECT FROM email_accounts a WHERE a.kratos_identity_id = r.identity_id AND a.email = r.email)
            THEN 'held' ELSE 'wanted' END
FROM (
    SELECT q.identity_id, q.email
    FROM email_requests q LEFT JOIN LATERAL (
        SELECT true AS is_reserved FROM addresses a WHERE a.address = q.email AND a.role <> 'leaving' LIMIT 1
    ) h ON true
    WHERE q.state IN ('waiting', 'running') AND h.is_reserved IS NULL
    LIMIT %(limit)s
    FOR SHARE OF q
) AS r
ON CONFLICT DO NOTHING
