-- How many other people were let through by kind, in so many seconds and without an operator; whether this identity was, and
-- whether an operator has accepted its next change.
SELECT k.kind,
       (SELECT count(*) FROM let_through l
        WHERE l.kind = k.kind AND l.identity_id <> %(identity_id)s AND l.accepted_at IS NULL
          AND l.at > clock_timestamp() - make_interval(secs => %(seconds)s)) AS others,
       coalesce(o.at > clock_timestamp() - make_interval(secs => %(seconds)s), false) AS has_passed,
       coalesce(o.accepted_at > coalesce(o.at, '-infinity'), false) AS is_accepted
FROM unnest(%(kinds)s::text[]) AS k (kind)
LEFT JOIN let_through o ON o.kind = k.kind AND o.identity_id = %(identity_id)s
