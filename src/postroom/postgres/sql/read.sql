-- A request, the id of its account, and whether checks found that at the mail server.
SELECT {request of r}, a.id AS account_id,
       CASE WHEN a.missing_at IS NOT NULL THEN 'missing' WHEN a.suspected_at IS NOT NULL THEN 'suspected' END AS doubt
FROM email_requests r LEFT JOIN email_accounts a ON a.kratos_identity_id = r.identity_id
WHERE r.identity_id = %(identity_id)s
