-- The ready mailboxes behind some ids of Stalwart accounts.
SELECT a.* FROM email_accounts a JOIN email_requests r ON r.identity_id = a.kratos_identity_id
WHERE a.stalwart_account_id = ANY(%(stalwart_ids)s) AND r.state = 'provisioned'
