-- The differences of the next `limit` identities after one.
SELECT d.identity_id, d.kind, r.email, r.display_name, d.seen, d.version, d.found_by, d.since, d.passes,
       d.since < now() - make_interval(secs => %(seconds)s) AS is_long,
       EXISTS (SELECT FROM doubts o WHERE o.identity_id = d.identity_id AND o.kind = 'older') AS is_older,
       d.kind = 'rename' AND EXISTS (
           SELECT FROM addresses h WHERE h.address = d.seen AND h.role <> 'leaving' AND h.identity_id <> d.identity_id
       ) AS is_held
FROM (
    SELECT DISTINCT identity_id FROM doubts
    WHERE identity_id > coalesce(%(after_id)s::uuid, '00000000-0000-0000-0000-000000000000')
    ORDER BY identity_id LIMIT %(limit)s
) AS page
JOIN doubts d ON d.identity_id = page.identity_id
LEFT JOIN email_requests r ON r.identity_id = d.identity_id
ORDER BY d.identity_id, d.kind
