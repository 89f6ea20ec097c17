-- Start a new pass, whichever page the current one has reached.
UPDATE identity_sweep SET token = NULL, due_at = now() + make_interval(secs => %(seconds)s), changed_at = now()
