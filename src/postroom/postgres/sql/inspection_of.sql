-- The mailbox of one identity (compare inspection_page).
SELECT a.kratos_identity_id, a.stalwart_account_id,
       CASE WHEN a.missing_at IS NOT NULL THEN 'missing' WHEN a.suspected_at IS NOT NULL THEN 'suspected' END AS doubt,
       coalesce(extract(epoch FROM now() - a.suspected_at), 0)::float8 AS suspected_for
FROM email_accounts a JOIN email_requests r ON r.identity_id = a.kratos_identity_id
WHERE a.kratos_identity_id = %(identity_id)s
  AND NOT (r.state IN ('waiting', 'running') AND r.step = 'create')
