-- A page of those that a check did not find (compare inspection_page).
SELECT a.kratos_identity_id, a.stalwart_account_id,
       CASE WHEN a.missing_at IS NOT NULL THEN 'missing' ELSE 'suspected' END AS doubt,
       extract(epoch FROM now() - a.suspected_at)::float8 AS suspected_for
FROM email_accounts a JOIN email_requests r ON r.identity_id = a.kratos_identity_id
WHERE a.suspected_at IS NOT NULL
  AND a.kratos_identity_id > coalesce(%(after_id)s::uuid, '00000000-0000-0000-0000-000000000000')
  AND NOT (r.state IN ('waiting', 'running') AND r.step = 'create')
ORDER BY a.kratos_identity_id LIMIT %(limit)s
