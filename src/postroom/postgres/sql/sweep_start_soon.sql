UPDATE identity_sweep SET due_at = now(), changed_at = now() WHERE token IS NULL AND due_at > now()
