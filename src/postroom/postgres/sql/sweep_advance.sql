-- The page behind `after` is swept. Another page is left alone: an operator or another leader has moved the progress. At the end of
-- a pass that shows who is absent, `pass` is its start: one whole pass more has not listed them.
WITH advanced AS (
    UPDATE identity_sweep SET
        token = %(token)s,
        due_at = now() + make_interval(secs => %(due_in)s),
        started_at = CASE WHEN token IS NULL THEN now() ELSE started_at END,
        finished_at = CASE WHEN %(token)s::text IS NULL THEN now() ELSE finished_at END,
        changed_at = now(),
        census = coalesce(%(census)s, census),
        counted = coalesce(%(counted)s, counted)
    WHERE token IS NOT DISTINCT FROM %(after)s::text
    RETURNING true
)
UPDATE doubts SET passes = passes + 1
WHERE kind = 'absent' AND pass = %(pass)s::timestamptz AND passes < %(most)s AND EXISTS (SELECT FROM advanced)
