-- The roles and databases of Kratos and Postroom, with the passwords that deploy/compose/prepare made. PostgreSQL runs
-- this once, when its data folder is empty. It reads the passwords itself, so that no command line holds them.
DO $$
DECLARE
    role text;
    file text;
BEGIN
    FOR role, file IN
        VALUES ('kratos', 'kratos'), ('postroom_owner', 'owner'), ('postroom', 'service')
    LOOP
        EXECUTE format(
            'CREATE ROLE %I LOGIN PASSWORD %L',
            role, rtrim(pg_read_file('/run/secrets/postgres-' || file || '-password'), E'\n'));
    END LOOP;
END $$;

CREATE DATABASE kratos OWNER kratos ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
REVOKE ALL ON DATABASE kratos FROM PUBLIC;

-- The owner makes the tables (`postroom migrate`); the service uses them, and cannot change the audit.
CREATE DATABASE postroom OWNER postroom_owner ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
REVOKE ALL ON DATABASE postroom FROM PUBLIC;
GRANT CONNECT ON DATABASE postroom TO postroom;
