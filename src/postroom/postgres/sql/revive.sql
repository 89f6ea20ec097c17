-- A dead request starts over with another address. A held address fails on a unique index. Who has a mailbox would not be
-- served meanwhile, so only one that checks did not find is made again.
WITH gate AS (
    SELECT %(holder)s::uuid IS NOT NULL AND NOT open AS starts FROM mail_server_breaker
), revived AS (
    UPDATE email_requests SET
        email = %(email)s,
        display_name = %(display_name)s,
        state = CASE WHEN starts THEN 'running' ELSE 'waiting' END,
        due_at = CASE WHEN starts THEN clock_timestamp() + make_interval(secs => %(lease)s) ELSE now() END,
        holder = CASE WHEN starts THEN %(holder)s::uuid END,
        attempts = attempts + starts::int,
        retries = 0,
        crashes = 0,
        postponed = 0,
        enqueued_at = clock_timestamp(),
        last_error = NULL,
        reason = NULL
    FROM gate
    WHERE identity_id = %(identity_id)s AND state = 'dead' AND step = 'create' AND email <> %(email)s
      AND NOT EXISTS (
          SELECT FROM email_accounts a
          WHERE a.kratos_identity_id = email_requests.identity_id AND a.suspected_at IS NULL
      )
    RETURNING {request of email_requests}
), reserved AS (
    INSERT INTO addresses (address, identity_id, role)
    SELECT email, identity_id, 'wanted' FROM revived
    ON CONFLICT (address, identity_id) DO NOTHING
), logged AS (
    INSERT INTO email_provisioning_log
        (kratos_identity_id, email, action, status, attempt_count, holder, trigger_id, request_id, traceparent)
    SELECT identity_id, email,
           CASE WHEN holder IS NULL THEN %(action)s ELSE 'create' END,
           CASE WHEN holder IS NULL THEN 'done' ELSE 'pending' END,
           attempts, holder, %(trigger_id)s, %(request_id)s, %(traceparent)s
    FROM revived
)
SELECT {request} FROM revived
