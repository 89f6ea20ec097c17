-- Any ready mailbox: `postroom check` tries the master account with it.
SELECT a.kratos_identity_id, a.email, a.stalwart_account_id
FROM email_accounts a JOIN email_requests r ON r.identity_id = a.kratos_identity_id
WHERE r.state = 'provisioned' AND a.suspected_at IS NULL ORDER BY a.kratos_identity_id LIMIT 1
