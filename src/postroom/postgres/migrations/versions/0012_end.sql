-- Writers are not blocked while the rows are read.
ALTER TABLE email_accounts VALIDATE CONSTRAINT email_accounts_state_check;
ALTER TABLE email_requests VALIDATE CONSTRAINT email_requests_step_check;
-- Until PostgreSQL has counted the rows, it may read the whole table for one address.
ANALYZE addresses;

-- Mailboxes whose request is dead, since making them again has failed; unless older code gave the address to another request. Last:
-- older code that gives one away now waits until this is committed.
INSERT INTO addresses (address, identity_id, role)
SELECT r.email, r.identity_id, 'held'
FROM email_requests r JOIN email_accounts a ON a.kratos_identity_id = r.identity_id AND a.email = r.email
WHERE r.state = 'dead'
ON CONFLICT DO NOTHING;

INSERT INTO schema_history (revision, oldest_code) VALUES ('0012', '0011');
