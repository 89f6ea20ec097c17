SELECT id, kratos_identity_id, email, action, status, attempt_count, error_message, code, holder, stalwart_account_id,
       actor, trigger_id, request_id, traceparent, created_at
 FROM email_provisioning_log WHERE kratos_identity_id = %(identity_id)s ORDER BY created_at, id
