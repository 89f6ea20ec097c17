-- Store the request (provisioned), its address (held), the account and the audit row of each marked account of a page in one commit, so
-- that a rebuild may be interrupted anywhere and run again. Existing rows are left unchanged. An account whose address another
-- identity has is left out.
-- No attempt was made: `attempts` is 0, as in the audit.
WITH asked AS (
    SELECT * FROM unnest(%(identity_ids)s::uuid[], %(emails)s::text[], %(names)s::text[],
                         %(stalwart_ids)s::text[], %(account_ids)s::uuid[])
        AS a (identity_id, email, display_name, stalwart_account_id, account_id)
), added AS (
    INSERT INTO email_requests (identity_id, email, display_name, state, enqueued_at)
    SELECT identity_id, email, display_name, 'provisioned', clock_timestamp() FROM asked
    WHERE NOT EXISTS (
        SELECT FROM addresses h
        WHERE h.address = asked.email AND h.role <> 'leaving' AND h.identity_id <> asked.identity_id
    )
    ORDER BY email
    ON CONFLICT (identity_id) DO NOTHING
    RETURNING identity_id
), ready AS (
    SELECT identity_id FROM added
    UNION
    SELECT identity_id FROM asked JOIN email_requests r USING (identity_id, email) WHERE r.state = 'provisioned'
), reserved AS (
    INSERT INTO addresses (address, identity_id, role)
    SELECT email, identity_id, 'held' FROM asked JOIN ready USING (identity_id) ORDER BY email
    ON CONFLICT (address, identity_id) DO UPDATE SET role = 'held' WHERE addresses.role = 'wanted'
), account AS (
    INSERT INTO email_accounts (id, kratos_identity_id, email, stalwart_account_id)
    SELECT account_id, identity_id, email, stalwart_account_id FROM asked JOIN ready USING (identity_id)
    ON CONFLICT (kratos_identity_id) DO NOTHING
    RETURNING kratos_identity_id AS identity_id
), restored AS (
    SELECT identity_id FROM added UNION SELECT identity_id FROM account
), logged AS (
    INSERT INTO email_provisioning_log
        (kratos_identity_id, email, action, status, attempt_count, stalwart_account_id, actor)
    SELECT identity_id, email, 'rebuild', 'done', 0, stalwart_account_id, %(actor)s
    FROM asked JOIN restored USING (identity_id)
)
SELECT identity_id FROM restored
