-- This holder does not hold the request any more. Either its COMMIT had succeeded and only the reply was lost, or
-- another holder took over: then the outcome is recorded as `late`, once, and nothing else changes.
INSERT INTO email_provisioning_log
    (kratos_identity_id, email, action, status, attempt_count, error_message, holder, stalwart_account_id)
SELECT %(identity_id)s, %(email)s, %(step)s, 'late', %(attempts)s,
       'ended as ' || %(status)s || ' after its lease: another attempt decides', %(holder)s, %(stalwart_account_id)s
WHERE NOT EXISTS (
    SELECT FROM email_provisioning_log
    WHERE kratos_identity_id = %(identity_id)s AND holder = %(holder)s AND status NOT IN ('pending', 'crashed')
)
RETURNING id
