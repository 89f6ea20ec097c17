-- The requests that an operator's command is about. `held`: it is dead, and its address belongs to a living request.
SELECT {request of r},
       r.state = 'dead'
           AND EXISTS (SELECT FROM email_requests h WHERE h.email = r.email AND h.state <> 'dead') AS held
FROM email_requests r WHERE r.identity_id = ANY(%(identity_ids)s::uuid[])
