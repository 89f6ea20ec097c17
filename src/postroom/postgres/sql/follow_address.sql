-- The person has changed the address of a request that is not dead. Before the first attempt the new address replaces
-- the old one (a held address fails on the unique index); afterwards a mailbox may exist, so it is only recorded.
WITH changed AS (
    UPDATE email_requests SET
        email = CASE WHEN attempts = 0 THEN %(email)s ELSE email END,
        display_name = CASE WHEN attempts = 0 THEN %(display_name)s ELSE display_name END,
        wanted_email = CASE WHEN attempts = 0 OR email = %(email)s THEN NULL ELSE %(email)s END,
        -- The member in Redis names the address, so it must change.
        enqueued_at = CASE WHEN attempts = 0 THEN clock_timestamp() ELSE enqueued_at END
    WHERE identity_id = %(identity_id)s AND state <> 'dead'
      AND coalesce(wanted_email, email) <> %(email)s
    RETURNING {request}
), logged AS (
    INSERT INTO email_provisioning_log
        (kratos_identity_id, email, action, status, attempt_count, error_message, trigger_id, request_id, traceparent)
    SELECT identity_id, %(email)s, %(action)s, 'done', attempts,
           CASE WHEN wanted_email IS NULL THEN 'the address of the request is now ' || email
                ELSE 'another address is wanted; the mailbox stays ' || email END,
           %(trigger_id)s, %(request_id)s, %(traceparent)s
    FROM changed
)
SELECT {request} FROM changed
