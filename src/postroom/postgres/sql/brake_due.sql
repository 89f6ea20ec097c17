-- Who differs so that an attempt would change something, by kind, and whether an operator has accepted that. Who is absent counts once
-- enough whole passes have not listed him. An older version is not followed; nor is another address while its person has to wait for
-- an operator (domain/wish.py): otherwise each pass would have it attempted in vain.
SELECT d.kind, d.identity_id, coalesce(l.accepted_at > coalesce(l.at, '-infinity'), false) AS is_accepted
FROM doubts d LEFT JOIN let_through l ON l.identity_id = d.identity_id AND l.kind = d.kind
WHERE d.kind = ANY(%(kinds)s::text[])
  AND (d.kind <> 'absent' OR d.passes >= %(most)s AND d.since < now() - make_interval(secs => %(absent_for)s))
  AND NOT (d.kind = 'absent' AND EXISTS (
      SELECT FROM email_requests r WHERE r.identity_id = d.identity_id AND r.want_because = 'absent'
  ))
  AND NOT EXISTS (SELECT FROM doubts o WHERE o.identity_id = d.identity_id AND o.kind = 'older')
  AND (d.kind <> 'rename' OR coalesce(l.accepted_at > coalesce(l.at, '-infinity'), false)
       OR coalesce(l.at < clock_timestamp() - make_interval(secs => %(renamed_within)s), true)
          AND (SELECT count(*) FROM addresses a
               WHERE a.identity_id = d.identity_id AND a.role = 'old' AND a.address <> d.seen) < %(old_addresses)s)
