UPDATE mailbox_inspection SET
    started_at = CASE WHEN after_id IS NULL THEN now() ELSE started_at END,
    finished_at = CASE WHEN %(after_id)s::uuid IS NULL THEN now() ELSE finished_at END,
    after_id = %(after_id)s,
    due_at = now() + make_interval(secs => %(due_in)s)
