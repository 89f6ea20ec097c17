-- Any mailbox that is served: `postroom check` tries the master account with it.
SELECT a.kratos_identity_id, a.email, a.stalwart_account_id
FROM email_accounts a
WHERE a.state = 'active' AND a.suspected_at IS NULL ORDER BY a.kratos_identity_id LIMIT 1
