-- An operator's action that is not about a request: 'pause' or 'resume'.
INSERT INTO email_provisioning_log (action, status, attempt_count, error_message, actor)
VALUES (%(action)s, 'done', 0, %(reason)s, %(actor)s)
