-- A new pass, whatever page the present one has come to.
UPDATE identity_sweep SET token = NULL, due_at = now() + make_interval(secs => %(seconds)s), changed_at = now()
