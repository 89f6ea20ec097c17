-- The addresses of a page of requests behind an identity. The rows are locked until these are committed: one that died in between
-- would leave its address reserved for ever. A dead one has a mailbox if making it again has failed.
WITH page AS (
    SELECT identity_id, email, state FROM email_requests
    WHERE identity_id > %(after_id)s ORDER BY identity_id LIMIT %(limit)s
    FOR SHARE
), added AS (
    INSERT INTO addresses (address, identity_id, role)
    SELECT p.email, p.identity_id, CASE WHEN p.state = 'provisioned' OR a.id IS NOT NULL THEN 'held' ELSE 'wanted' END
    FROM page p LEFT JOIN email_accounts a ON a.kratos_identity_id = p.identity_id AND a.email = p.email
    WHERE p.state <> 'dead'
       OR (a.id IS NOT NULL AND NOT EXISTS (SELECT FROM email_requests h WHERE h.email = p.email AND h.state <> 'dead'))
    ORDER BY p.email
    ON CONFLICT DO NOTHING
)
SELECT identity_id FROM page ORDER BY identity_id DESC LIMIT 1
