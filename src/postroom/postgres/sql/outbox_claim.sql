-- A claim of a person's oldest event is a claim of all of them: a process that finds the oldest one locked or claimed
-- skips the person, so that no event overtakes another. The holder polls again after publishing and finds the newer
-- events. The first 2000 ids bound the work; they include the oldest event of each person in them. The limit of ten
-- per person keeps the backlog of one person from delaying others.
-- Arrays, not joins: in a burst after a quiet time the planner still expects a handful of rows, and its nested loops
-- took two seconds per claim.
WITH waiting AS MATERIALIZED (
    SELECT id, kratos_identity_id, type, data, min(id) OVER own AS oldest, row_number() OVER own AS ordinal
    FROM (SELECT id, kratos_identity_id, type, data FROM live_events WHERE announced_at IS NULL ORDER BY id LIMIT 2000) AS first_in_line
    WINDOW own AS (PARTITION BY kratos_identity_id ORDER BY id)
), free AS MATERIALIZED (
    SELECT id FROM live_events
    WHERE id = ANY(ARRAY(SELECT id FROM waiting WHERE id = oldest))
      AND announced_at IS NULL AND (claimed_until IS NULL OR claimed_until <= now())
    ORDER BY id LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE live_events SET claimed_until = clock_timestamp() + interval '10 s'
    WHERE id = ANY(ARRAY(SELECT id FROM free))
    RETURNING id
)
SELECT id, kratos_identity_id, type, data FROM waiting
WHERE oldest = ANY(ARRAY(SELECT id FROM claimed)) AND ordinal <= 10 ORDER BY id
