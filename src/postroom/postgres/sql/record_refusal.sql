INSERT INTO email_provisioning_log
    (kratos_identity_id, email, action, status, attempt_count, error_message, trigger_id, request_id, traceparent)
VALUES (%(identity_id)s, %(email)s, 'refuse', 'done', 0, %(why)s, %(trigger_id)s, %(request_id)s, %(traceparent)s)
