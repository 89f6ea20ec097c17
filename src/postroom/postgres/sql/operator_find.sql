-- The requests that an operator's command is about. Of a dead one: `held_by`, this other identity has its address, by a row or by a
-- living request of older code; `in_use`, it is a create, and its mailbox is there. `takes`: it is a change that is to keep somebody
-- from logging in, or to take an address away.
SELECT {request of r}, w.address,
       CASE WHEN r.state = 'dead' THEN coalesce(
           (SELECT h.identity_id FROM addresses h
            WHERE h.address = w.address AND h.role <> 'leaving' AND h.identity_id <> r.identity_id),
           (SELECT o.identity_id FROM email_requests o WHERE o.email = w.address AND o.state <> 'dead')
       ) END AS held_by,
       r.state = 'dead' AND r.step = 'create'
           AND EXISTS (SELECT FROM email_accounts a WHERE a.kratos_identity_id = r.identity_id
                       AND a.suspected_at IS NULL) AS in_use,
       r.step = 'change' AND (
           (r.want_because IS NOT NULL OR r.operator_suspended_at IS NOT NULL)
               AND EXISTS (SELECT FROM email_accounts a WHERE a.kratos_identity_id = r.identity_id AND a.state = 'active')
           OR EXISTS (SELECT FROM addresses l WHERE l.identity_id = r.identity_id AND l.role = 'leaving')
       ) AS takes
FROM email_requests r
CROSS JOIN LATERAL (SELECT CASE WHEN r.step = 'change' THEN coalesce(r.want_email, r.email) ELSE r.email END AS address) AS w
WHERE r.identity_id = ANY(%(identity_ids)s::uuid[])
