-- The value that was used first; a later one does not replace it.
WITH added AS (
    INSERT INTO installation (name, value) VALUES (%(name)s, %(value)s)
    ON CONFLICT (name) DO NOTHING RETURNING value
)
SELECT value FROM added UNION ALL SELECT value FROM installation WHERE name = %(name)s LIMIT 1
