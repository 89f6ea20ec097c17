-- The mailboxes of these identities of which nothing is due, as they were read last, their addresses, and why nobody is to log in.
SELECT r.identity_id, r.enqueued_at AS version, a.email, a.name, a.suspended_because, r.want_because,
       r.operator_suspended_at IS NOT NULL AS is_suspended, h.addresses, h.roles
FROM email_requests r JOIN email_accounts a ON a.kratos_identity_id = r.identity_id
CROSS JOIN LATERAL (
    SELECT array_agg(address ORDER BY address) AS addresses, array_agg(role ORDER BY address) AS roles
    FROM addresses WHERE address = a.email AND identity_id = r.identity_id
) AS h
WHERE r.identity_id = ANY(%(identity_ids)s::uuid[]) AND r.state IN ('provisioned', 'dead') AND r.step IN ('create', 'change')
