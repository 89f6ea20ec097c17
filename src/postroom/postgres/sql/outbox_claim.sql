-- A claim of a person's oldest event is a claim of all of them: who comes later, with an event committed meanwhile, finds
-- the oldest locked or claimed and leaves the person alone, so that nothing overtakes. Whoever holds it looks again
-- after announcing, and finds the newer one. The window bounds the work; a prefix by id holds everybody's oldest. So
-- does the ten of a person: his events are announced one after another, and nobody waits for a backlog of somebody else.
-- Arrays, not joins: in a burst after a quiet time the planner still expects a handful of rows, and its nested loops
-- took two seconds a claim.
WITH waiting AS MATERIALIZED (
    SELECT id, kratos_identity_id, type, data, min(id) OVER own AS oldest, row_number() OVER own AS place
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
WHERE oldest = ANY(ARRAY(SELECT id FROM claimed)) AND place <= 10 ORDER BY id
