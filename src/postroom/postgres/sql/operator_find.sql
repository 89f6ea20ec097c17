-- The requests that an operator's command is about. `held_by`: it is dead, and this other identity has its address. `takes`: it is
-- a change that is to keep somebody from logging in, or to take an address away.
SELECT {request of r}, w.address,
       CASE WHEN r.state = 'dead' THEN (
           SELECT h.identity_id FROM addresses h
           WHERE h.address = w.address AND h.role <> 'leaving' AND h.identity_id <> r.identity_id
       ) END AS held_by,
       r.step = 'change' AND (
           (r.want_because IS NOT NULL OR r.operator_suspended_at IS NOT NULL)
               AND EXISTS (SELECT FROM email_accounts a WHERE a.kratos_identity_id = r.identity_id AND a.state = 'active')
           OR EXISTS (SELECT FROM addresses l WHERE l.identity_id = r.identity_id AND l.role = 'leaving')
       ) AS takes
FROM email_requests r
CROSS JOIN LATERAL (SELECT CASE WHEN r.step = 'change' THEN coalesce(r.want_email, r.email) ELSE r.email END AS address) AS w
WHERE r.identity_id = ANY(%(identity_ids)s::uuid[])
