-- A page of the mailboxes on record, in the order of their identities, whatever else is due for them. One that is being made
-- again is left out until then.
SELECT a.kratos_identity_id, a.stalwart_account_id,
       CASE WHEN a.missing_at IS NOT NULL THEN 'missing' WHEN a.suspected_at IS NOT NULL THEN 'suspected' END AS doubt,
       coalesce(extract(epoch FROM now() - a.suspected_at), 0)::float8 AS suspected_for
FROM email_accounts a JOIN email_requests r ON r.identity_id = a.kratos_identity_id
WHERE a.kratos_identity_id > coalesce(%(after_id)s::uuid, '00000000-0000-0000-0000-000000000000')
  AND NOT (r.state IN ('waiting', 'running') AND r.step = 'create')
ORDER BY a.kratos_identity_id LIMIT %(limit)s
