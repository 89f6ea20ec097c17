-- A request and the id of its account.
SELECT {request of r}, a.id AS account_id
FROM email_requests r LEFT JOIN email_accounts a ON a.kratos_identity_id = r.identity_id
WHERE r.identity_id = %(identity_id)s
