-- Whether any migration was made.
SELECT to_regclass('alembic_version') IS NOT NULL AS found
