-- What is on record of an identity with a request, beside that (operator_find.sql) and beside what is wanted (want_read.sql).
SELECT r.have_goal, r.operator_suspended_at, r.operator_suspended_by, r.operator_suspended_reason,
       a.id AS account_id, a.stalwart_account_id, a.email, a.name, a.state, a.suspended_because, a.suspended_since,
       CASE WHEN a.missing_at IS NOT NULL THEN 'missing' WHEN a.suspected_at IS NOT NULL THEN 'suspected' END AS doubt,
       coalesce((SELECT jsonb_object_agg(o.address, o.role) FROM addresses o
                 WHERE o.identity_id = r.identity_id AND o.role <> 'held'), '{}') AS addresses,
       coalesce(b.closed, '{}') AS closed, b.judged_at IS NOT NULL AS is_judged,
       coalesce((SELECT (counted ->> 'mailboxes')::integer FROM identity_sweep), 0) AS mailboxes
FROM email_requests r
LEFT JOIN email_accounts a ON a.kratos_identity_id = r.identity_id
LEFT JOIN brake b ON true
WHERE r.identity_id = %(identity_id)s
