UPDATE identity_sweep SET due_at = now() + make_interval(secs => %(seconds)s), changed_at = now()
