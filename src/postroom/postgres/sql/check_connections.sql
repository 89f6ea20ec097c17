-- How many connections our role may have. The limits of roles and databases do not apply to a superuser.
SELECT (SELECT nullif(rolconnlimit, -1) FROM pg_roles WHERE rolname = current_user AND NOT rolsuper) AS role,
       (SELECT nullif(datconnlimit, -1) FROM pg_database
        WHERE datname = current_database() AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user))
           AS database,
       current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
           - coalesce(current_setting('reserved_connections', true)::int, 0) AS server
