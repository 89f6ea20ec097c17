-- For /metrics and the readiness check: index-only, so its cost does not grow with the number of identities.
SELECT 1 AS database_up,
       count(*) FILTER (WHERE state = 'waiting') AS requests_waiting,
       count(*) FILTER (WHERE state = 'running') AS requests_running,
       count(*) FILTER (WHERE state = 'waiting' AND due_at < now() - interval '5 seconds')
           AS requests_overdue,
       (SELECT count(*) FROM email_requests WHERE state = 'dead' AND dismissed_at IS NULL) AS requests_dead,
       (SELECT count(*) FROM email_requests WHERE waits_for IS NOT NULL) AS requests_held_back,
       (SELECT count(*) FROM email_requests WHERE crashes >= 3) AS requests_crashing,
       coalesce(extract(epoch FROM now() - min(due_at) FILTER (WHERE due_at < now())), 0)::float8
           AS oldest_overdue_seconds,
       (SELECT open::int FROM mail_server_breaker) AS breaker_open,
       (SELECT (creates_error IS NOT NULL)::int FROM mail_server_breaker) AS creates_failing,
       (SELECT coalesce(extract(epoch FROM finished_at), 0) FROM identity_sweep)::float8
           AS sweep_finished_timestamp_seconds,
       (SELECT count(*) FROM email_accounts WHERE suspected_at IS NOT NULL AND missing_at IS NOT NULL)
           AS mailboxes_missing,
       (SELECT coalesce(extract(epoch FROM finished_at), 0) FROM mailbox_inspection)::float8
           AS inspection_finished_timestamp_seconds,
       (SELECT count(*) FROM doubts WHERE kind = 'rename') AS mailboxes_differing_rename,
       (SELECT count(*) FROM doubts WHERE kind = 'name') AS mailboxes_differing_name,
       (SELECT count(*) FROM doubts WHERE kind = 'inactive') AS mailboxes_differing_inactive,
       (SELECT count(*) FROM doubts WHERE kind = 'address') AS mailboxes_differing_address,
       (SELECT count(*) FROM doubts WHERE kind = 'older') AS mailboxes_differing_older,
       (SELECT count(*) FROM doubts WHERE kind = 'absent') AS mailboxes_differing_absent,
       (SELECT count(*) FROM live_events WHERE announced_at IS NULL) AS live_events_waiting,
       coalesce(
           (SELECT extract(epoch FROM now() - created_at) FROM live_events WHERE announced_at IS NULL ORDER BY id LIMIT 1),
           0
       )::float8 AS oldest_live_event_seconds,
       (SELECT count(*) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'email_provisioning_log'::regclass
          AND substring(c.relname FROM '\d{4}_\d\d') > to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM'))
           AS log_months_ahead,
       (SELECT EXISTS (SELECT FROM email_provisioning_log_default)::int) AS log_default_rows
FROM email_requests WHERE state IN ('waiting', 'running')
