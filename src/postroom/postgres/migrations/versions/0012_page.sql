-- The addresses of some of the waiting and running requests that were there before; repeated until none is left. They are locked
-- until this is committed: one that died in between would leave its address reserved for ever. One has a mailbox if that is being
-- made again.
INSERT INTO addresses (address, identity_id, role)
SELECT r.email, r.identity_id,
       CASE WHEN EXISTS (SELECT FROM email_accounts a WHERE a.kratos_identity_id = r.identity_id AND a.email = r.email)
            THEN 'held' ELSE 'wanted' END
FROM (
    SELECT identity_id, email FROM email_requests
    WHERE state IN ('waiting', 'running')
      AND NOT EXISTS (SELECT FROM addresses a WHERE a.address = email AND a.role <> 'leaving')
    LIMIT %(limit)s
    FOR SHARE
) AS r
ON CONFLICT DO NOTHING
