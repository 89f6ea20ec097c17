-- How many people the last passes showed to differ by kind, beside those whose next change an operator has accepted; and how many
-- were let through in so many seconds without an operator. Who is absent counts once enough whole passes have not listed him.
SELECT k.kind,
       (SELECT count(*) FROM doubts d
        WHERE d.kind = k.kind
          AND (d.kind <> 'absent' OR d.passes >= %(most)s AND d.since < now() - make_interval(secs => %(absent_for)s))
          AND NOT EXISTS (
              SELECT FROM let_through l
              WHERE l.identity_id = d.identity_id AND l.kind = d.kind AND l.accepted_at > coalesce(l.at, '-infinity')
          )) AS people,
       (SELECT count(*) FROM let_through l
        WHERE l.kind = k.kind AND l.accepted_at IS NULL
          AND l.at > clock_timestamp() - make_interval(secs => %(seconds)s)) AS passed
FROM unnest(%(kinds)s::text[]) AS k (kind)
