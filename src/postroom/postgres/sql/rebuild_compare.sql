-- Compare each marked account of the mail server with what is on record. It only reads: a dry run does no more.
WITH asked AS (
    SELECT * FROM unnest(%(identity_ids)s::uuid[], %(emails)s::text[], %(stalwart_ids)s::text[])
        AS a (identity_id, email, stalwart_account_id)
)
SELECT asked.identity_id,
       CASE WHEN a.email <> asked.email OR a.stalwart_account_id <> asked.stalwart_account_id THEN 'different'
            WHEN r.identity_id IS NULL AND coalesce(held.identity_id, living.identity_id) IS NOT NULL THEN 'held'
            WHEN r.identity_id IS NULL THEN 'missing'
            WHEN r.state = 'dead' AND a.id IS NULL THEN 'dead'
            WHEN r.email <> asked.email THEN 'different'
            WHEN r.state IN ('waiting', 'running') AND r.step = 'create' THEN 'under_way'
            WHEN a.id IS NULL THEN 'missing'
            ELSE 'known' END AS standing
FROM asked
LEFT JOIN email_requests r ON r.identity_id = asked.identity_id
LEFT JOIN email_accounts a ON a.kratos_identity_id = asked.identity_id
LEFT JOIN addresses held
    ON held.address = asked.email AND held.role <> 'leaving' AND held.identity_id <> asked.identity_id
LEFT JOIN email_requests living
    ON living.email = asked.email AND living.state <> 'dead' AND living.identity_id <> asked.identity_id
