-- The requests that an operator's command is about. Of a dead one: `held`, another identity has its address, by a row or by a
-- living request of older code; `in_use`, its mailbox is there.
SELECT {request of r},
       r.state = 'dead' AND (
           EXISTS (SELECT FROM addresses h WHERE h.address = r.email AND h.role <> 'leaving'
                   AND h.identity_id <> r.identity_id)
           OR EXISTS (SELECT FROM email_requests o WHERE o.email = r.email AND o.state <> 'dead')
       ) AS held,
       r.state = 'dead'
           AND EXISTS (SELECT FROM email_accounts a WHERE a.kratos_identity_id = r.identity_id
                       AND a.suspected_at IS NULL) AS in_use
FROM email_requests r WHERE r.identity_id = ANY(%(identity_ids)s::uuid[])
