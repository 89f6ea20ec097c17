-- The two roles of a trial: the owner migrates the schema, the service uses only what the owner grants.
-- Passwords are passed as settings, because DDL takes no parameters.
DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['postroom_owner', 'postroom'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            EXECUTE format('CREATE ROLE %I', role);
        END IF;
        EXECUTE format(
            'ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD %L',
            role, current_setting('trial.' || role)
        );
    END LOOP;
END
$$;
