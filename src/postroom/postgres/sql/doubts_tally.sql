-- How many differences there are, by all that decides what would be done about them.
SELECT kind, is_held, is_older, passes, is_long, count(*) AS people
FROM (
    SELECT d.kind, d.passes, d.since < now() - make_interval(secs => %(seconds)s) AS is_long,
           EXISTS (SELECT FROM doubts o WHERE o.identity_id = d.identity_id AND o.kind = 'older') AS is_older,
           d.kind = 'rename' AND EXISTS (
               SELECT FROM addresses h WHERE h.address = d.seen AND h.role <> 'leaving' AND h.identity_id <> d.identity_id
           ) AS is_held
    FROM doubts d
) AS each_one GROUP BY kind, is_held, is_older, passes, is_long
