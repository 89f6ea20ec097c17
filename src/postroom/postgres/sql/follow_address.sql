-- The person has changed the address of a request that was not attempted yet: the new address replaces the old one. A held
-- address fails on a unique index. Of a rebuilt mailbox no attempt is counted either, and it keeps its address.
WITH chosen AS (
    SELECT identity_id, email AS former_email FROM email_requests r
    WHERE identity_id = %(identity_id)s AND state = 'waiting' AND attempts = 0 AND email <> %(email)s
      AND NOT EXISTS (SELECT FROM email_accounts a WHERE a.kratos_identity_id = r.identity_id)
    FOR NO KEY UPDATE
), changed AS (
    UPDATE email_requests r SET
        email = %(email)s,
        display_name = %(display_name)s,
        -- The member in Redis names the address, so it must change.
        enqueued_at = clock_timestamp()
    FROM chosen c WHERE r.identity_id = c.identity_id
    RETURNING {request of r}, c.former_email
), freed AS (
    DELETE FROM addresses a USING changed c
    WHERE a.address = c.former_email AND a.identity_id = c.identity_id AND a.role = 'wanted'
), reserved AS (
    INSERT INTO addresses (address, identity_id, role)
    SELECT email, identity_id, 'wanted' FROM changed
    ON CONFLICT (address, identity_id) DO NOTHING
), logged AS (
    INSERT INTO email_provisioning_log
        (kratos_identity_id, email, action, status, attempt_count, error_message, trigger_id, request_id, traceparent)
    SELECT identity_id, email, %(action)s, 'done', attempts, 'the address of the request is now ' || email,
           %(trigger_id)s, %(request_id)s, %(traceparent)s
    FROM changed
)
SELECT {request} FROM changed
