-- What is wanted of the mailbox of an identity. Read before Kratos is asked.
SELECT r.identity_id, clock_timestamp() AS read_at, coalesce(r.want_email, r.email) AS email,
       coalesce(r.want_name, r.display_name) AS name, r.want_because AS because, r.want_version AS version, r.goal,
       r.email AS on_record,
       r.operator_suspended_at IS NOT NULL AS is_suspended,
       NOT (r.state IN ('waiting', 'running') AND r.step <> 'change')
           AND EXISTS (SELECT FROM email_accounts a WHERE a.kratos_identity_id = r.identity_id) AS has_mailbox,
       ARRAY(SELECT address FROM addresses o WHERE o.identity_id = r.identity_id AND o.role = 'old') AS old,
       EXISTS (
           SELECT FROM let_through l
           WHERE l.identity_id = r.identity_id AND l.kind = 'rename' AND l.at > now() - make_interval(secs => %(seconds)s)
       ) AS renamed_lately,
       EXISTS (
           SELECT FROM doubts d
           WHERE d.identity_id = r.identity_id AND d.kind = 'absent' AND d.passes >= %(most)s
             AND d.since < now() - make_interval(secs => %(absent_for)s)
       ) AS is_absent,
       ARRAY(
           SELECT kind FROM let_through l
           WHERE l.identity_id = r.identity_id AND l.accepted_at > coalesce(l.at, '-infinity')
       ) AS accepted,
       ARRAY(SELECT kind FROM doubts d WHERE d.identity_id = r.identity_id) AS doubts,
       coalesce(r.given_up = r.goal, false) AS is_given_up
FROM email_requests r WHERE r.identity_id = %(identity_id)s
