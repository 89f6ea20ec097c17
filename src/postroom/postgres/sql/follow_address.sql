-- The person has changed the address of a request that is not dead. Before the first attempt the new address replaces
-- the old one (a held address fails on a unique index); afterwards a mailbox may exist, so it is only recorded.
WITH chosen AS (
    SELECT identity_id, email AS former_email FROM email_requests
    WHERE identity_id = %(identity_id)s AND state <> 'dead'
      AND coalesce(wanted_email, email) <> %(email)s
    FOR NO KEY UPDATE
), changed AS (
    UPDATE email_requests r SET
        email = CASE WHEN attempts = 0 THEN %(email)s ELSE email END,
        display_name = CASE WHEN attempts = 0 THEN %(display_name)s ELSE display_name END,
        wanted_email = CASE WHEN attempts = 0 OR email = %(email)s THEN NULL ELSE %(email)s END,
        -- The member in Redis names the address, so it must change.
        enqueued_at = CASE WHEN attempts = 0 THEN clock_timestamp() ELSE enqueued_at END
    FROM chosen c WHERE r.identity_id = c.identity_id
    RETURNING {request of r}, c.former_email
), freed AS (
    DELETE FROM addresses a USING changed c
    WHERE a.address = c.former_email AND a.identity_id = c.identity_id AND a.role = 'wanted' AND c.email <> c.former_email
), reserved AS (
    INSERT INTO addresses (address, identity_id, role)
    SELECT email, identity_id, 'wanted' FROM changed WHERE email <> former_email
    ON CONFLICT (address, identity_id) DO NOTHING
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
