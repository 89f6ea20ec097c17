-- Store the new state and its events in one commit, unless another process has changed the state that the poll began
-- with. UPDATE first: it holds the row's lock until the commit, and the ids of the events are drawn under that lock. So
-- the ids of one person grow in the order of the commits, and a client that has seen one has missed none before it.
WITH advanced AS (
    UPDATE mail_states SET email_state = %(email_state)s, checked_at = now()
    WHERE kratos_identity_id = %(identity_id)s AND stalwart_account_id = %(stalwart_account_id)s
      AND email_state IS NOT DISTINCT FROM %(previous)s::text
    RETURNING kratos_identity_id
), added AS (
    INSERT INTO live_events (kratos_identity_id, type, data)
    SELECT kratos_identity_id, 'mail', event.data
    FROM advanced, jsonb_array_elements(%(events)s::jsonb) WITH ORDINALITY AS event (data, ordinal)
    ORDER BY ordinal
)
SELECT kratos_identity_id FROM advanced
