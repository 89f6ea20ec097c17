-- The requests that an operator's command is about. `held`: it is dead, and another identity has its address.
SELECT {request of r},
       r.state = 'dead'
           AND EXISTS (SELECT FROM addresses h WHERE h.address = r.email AND h.role <> 'leaving'
                       AND h.identity_id <> r.identity_id) AS held
FROM email_requests r WHERE r.identity_id = ANY(%(identity_ids)s::uuid[])
