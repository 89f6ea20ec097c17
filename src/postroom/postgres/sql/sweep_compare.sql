-- In what the identities of a page differ from what is wanted of their mailboxes, or on record: a row for each that has no request,
-- another address or name, a reason against a login, or a doubt, and for each of `others`. Then a row for each mailbox that was there before the page was read, in the page's range of
-- ids, and that the page does not list; `limit` at most. Last a row with the number of mailboxes in that range, and of those that
-- are not listed. Nothing is written.
WITH asked AS (
    SELECT * FROM unnest(%(identity_ids)s::uuid[], %(emails)s::text[], %(names)s::text[])
        AS a (identity_id, email, display_name)
), unlike AS (
    SELECT a.identity_id FROM asked a LEFT JOIN email_requests r ON r.identity_id = a.identity_id
    WHERE r.identity_id IS NULL OR coalesce(r.want_email, r.email) <> a.email
       OR coalesce(r.want_name, r.display_name) IS DISTINCT FROM a.display_name OR r.want_because IS NOT NULL
    UNION
    SELECT unnest(%(others)s::uuid[])
    UNION
    SELECT identity_id FROM doubts WHERE identity_id BETWEEN %(first_id)s AND %(last_id)s
), in_range AS MATERIALIZED (
    SELECT kratos_identity_id FROM email_accounts
    WHERE kratos_identity_id > %(above_id)s AND kratos_identity_id <= %(up_to_id)s
), unlisted AS MATERIALIZED (
    SELECT a.kratos_identity_id AS identity_id
    FROM in_range i JOIN email_accounts a ON a.kratos_identity_id = i.kratos_identity_id
    WHERE a.created_at < %(asked_at)s AND NOT EXISTS (
        SELECT FROM (
            SELECT identity_id FROM asked UNION ALL SELECT unnest(%(others)s::uuid[] || %(unreadable)s::uuid[])
        ) AS l WHERE l.identity_id = i.kratos_identity_id
    )
), absent AS MATERIALIZED (
    -- LATERAL with LIMIT: otherwise PostgreSQL may read all requests for each page.
    SELECT u.identity_id
    FROM unlisted u LEFT JOIN LATERAL (
        SELECT true AS is_known FROM email_requests k WHERE k.identity_id = u.identity_id AND k.want_because = 'absent' LIMIT 1
    ) k ON true
    WHERE k.is_known IS NULL
), found AS (
    SELECT identity_id, false AS is_absent FROM unlike
    UNION ALL
    (SELECT identity_id, true FROM absent ORDER BY identity_id LIMIT %(limit)s)
)
SELECT f.identity_id, f.is_absent, coalesce(r.want_email, r.email) AS email, coalesce(r.want_name, r.display_name) AS display_name,
       r.want_because AS because, r.attempts = 0 AS is_untried, r.state = 'dead' AS is_dead,
       EXISTS (SELECT FROM email_accounts a WHERE a.kratos_identity_id = f.identity_id) AS has_mailbox,
       d.kinds, d.seen, greatest(d.newest, r.want_version) AS newest, NULL::bigint AS mailboxes, NULL::bigint AS absent
FROM found f
LEFT JOIN email_requests r ON r.identity_id = f.identity_id
LEFT JOIN LATERAL (
    SELECT array_agg(kind ORDER BY kind) AS kinds, array_agg(seen ORDER BY kind) AS seen, max(version) AS newest
    FROM doubts WHERE identity_id = f.identity_id
) AS d ON true
UNION ALL
SELECT NULL, false, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
       (SELECT count(*) FROM in_range), (SELECT count(*) FROM absent)
