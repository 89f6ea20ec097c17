-- The page behind `after` is swept. Another page is left alone: an operator or another leader has moved the progress.
UPDATE identity_sweep SET
    token = %(token)s,
    due_at = now() + make_interval(secs => %(due_in)s),
    started_at = CASE WHEN token IS NULL THEN now() ELSE started_at END,
    finished_at = CASE WHEN %(token)s::text IS NULL THEN now() ELSE finished_at END,
    changed_at = now()
WHERE token IS NOT DISTINCT FROM %(after)s::text
