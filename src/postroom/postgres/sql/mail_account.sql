-- The mailbox of an identity, if it is served: whether other work on it is due, or has failed, does not matter, but one that is
-- being made again is not. Nor is one to which nobody may log in, from the moment at which that is wanted; what Kratos wants counts
-- where mailboxes follow their identities.
SELECT a.kratos_identity_id, a.email, a.stalwart_account_id, a.suspected_at IS NOT NULL AS doubtful
FROM email_accounts a JOIN email_requests r ON r.identity_id = a.kratos_identity_id
WHERE a.kratos_identity_id = %(identity_id)s AND a.state = 'active'
  AND NOT (r.state IN ('waiting', 'running') AND r.step = 'create')
  AND r.operator_suspended_at IS NULL AND (NOT %(follows)s OR r.want_because IS NULL)
