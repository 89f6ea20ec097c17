-- The person changed the address while the request lives. Before the first attempt the new one simply replaces
-- the old (a held address fails on the unique index); afterwards a mailbox may exist, so it is only noted.
WITH changed AS (
    UPDATE email_requests SET
        email = CASE WHEN attempts = 0 THEN %(email)s ELSE email END,
        display_name = CASE WHEN attempts = 0 THEN %(display_name)s ELSE display_name END,
        wanted_email = CASE WHEN attempts = 0 OR email = %(email)s THEN NULL ELSE %(email)s END,
        -- New bytes for the member in Redis, because it names the address.
        enqueued_at = CASE WHEN attempts = 0 THEN clock_timestamp() ELSE enqueued_at END
    WHERE identity_id = %(identity_id)s AND state <> 'dead'
      AND coalesce(wanted_email, email) <> %(email)s
    RETURNING {request}
), logged AS (
    INSERT INTO email_provisioning_log
        (kratos_identity_id, email, action, status, attempt_count, error_message, trigger_id, request_id, traceparent)
    SELECT identity_id, %(email)s, 'accept', 'done', attempts,
           CASE WHEN wanted_email IS NULL THEN 'the address of the request is now ' || email
                ELSE 'another address is wanted; the mailbox stays ' || email END,
           %(trigger_id)s, %(request_id)s, %(traceparent)s
    FROM changed
)
SELECT {request} FROM changed
