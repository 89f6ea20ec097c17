-- The mailboxes that checks did not find, those that are missing first.
SELECT a.email, a.kratos_identity_id AS identity_id, a.stalwart_account_id, a.suspected_at, a.missing_at
FROM email_accounts a JOIN email_requests r ON r.identity_id = a.kratos_identity_id
WHERE a.suspected_at IS NOT NULL AND NOT (r.state IN ('waiting', 'running') AND r.step = 'create')
ORDER BY a.missing_at, a.suspected_at LIMIT %(limit)s
