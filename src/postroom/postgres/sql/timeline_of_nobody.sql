-- Webhooks that were refused with this address and named no identity.
SELECT id, kratos_identity_id, email, action, status, attempt_count, error_message, code, holder, stalwart_account_id,
       actor, trigger_id, request_id, traceparent, created_at
FROM email_provisioning_log
WHERE lower(btrim(email)) = lower(btrim(%(address)s::text)) AND status NOT IN ('pending', 'success')
  AND kratos_identity_id IS NULL
ORDER BY created_at, id
