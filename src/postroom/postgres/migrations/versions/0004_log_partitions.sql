-- A detached partition loses the inherited row trigger, so each partition gets a trigger of its own as well. REVOKE
-- undoes the schema's default privileges for PUBLIC; `postroom migrate` does the same for the service's role.
CREATE OR REPLACE FUNCTION guard_log_partition(partition regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE OR REPLACE TRIGGER never_changed BEFORE UPDATE OR DELETE ON %s
                    FOR EACH ROW EXECUTE FUNCTION refuse_to_change_the_log()', partition);
    EXECUTE format('CREATE OR REPLACE TRIGGER never_truncated BEFORE TRUNCATE ON %s
                    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_log()', partition);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER never_changed, ENABLE ALWAYS TRIGGER never_truncated',
                   partition);
    EXECUTE format('REVOKE ALL ON %s FROM PUBLIC', partition);
END $$;

-- All partitions of the log, including detached ones that kept their name.
SELECT guard_log_partition(oid) FROM pg_class
WHERE relname ~ '^email_provisioning_log_(\d{4}_\d\d|default)$' AND relkind = 'r' AND pg_table_is_visible(oid);

-- The months that need a partition and have none: the current month, the next `ahead` months, and the months of the
-- rows in the default partition.
CREATE FUNCTION missing_log_months(ahead integer) RETURNS SETOF timestamptz LANGUAGE sql AS $$
    SELECT month AT TIME ZONE 'UTC'
    FROM (
        SELECT date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => i)
        FROM generate_series(0, ahead) AS i
        UNION
        SELECT date_trunc('month', created_at AT TIME ZONE 'UTC') FROM email_provisioning_log_default
    ) AS wanted (month)
    WHERE NOT EXISTS (
        SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'email_provisioning_log'::regclass
          AND substring(c.relname FROM '\d{4}_\d\d') = to_char(month, 'YYYY_MM')
    )
$$;

-- PostgreSQL does not create a partition for a month while the default partition holds a row of that month, and rows of
-- the audit cannot be deleted. So the default partition is replaced by a new one, its rows are copied unchanged into
-- the partitions of their months, and it is dropped if all copies are identical. Writers wait while this runs, and also
-- while it waits for a reader's lock: hence the lock_timeout of `postroom migrate`.
CREATE OR REPLACE FUNCTION extend_log(months integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    missing  timestamptz[];
    month    timestamptz;
    name     text;
    has_rows boolean;
BEGIN
    IF NOT EXISTS (SELECT FROM missing_log_months(months)) THEN
        RETURN 0;
    END IF;
    LOCK TABLE email_provisioning_log IN ACCESS EXCLUSIVE MODE;
    missing := ARRAY(SELECT missing_log_months(months));
    has_rows := EXISTS (SELECT FROM email_provisioning_log_default);
    IF has_rows THEN
        ALTER TABLE email_provisioning_log DETACH PARTITION email_provisioning_log_default;
        ALTER TABLE email_provisioning_log_default RENAME TO email_provisioning_log_former_default;
        CREATE TABLE email_provisioning_log_default PARTITION OF email_provisioning_log DEFAULT;
        PERFORM guard_log_partition('email_provisioning_log_default');
    END IF;
    FOREACH month IN ARRAY missing LOOP
        name := 'email_provisioning_log_' || to_char(month AT TIME ZONE 'UTC', 'YYYY_MM');
        -- A detached partition keeps its name until it is dropped.
        WHILE to_regclass(name) IS NOT NULL LOOP
            name := name || 'b';
        END LOOP;
        EXECUTE format('CREATE TABLE %I PARTITION OF email_provisioning_log FOR VALUES FROM (%L) TO (%L)',
                       name, month, (month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC');
        PERFORM guard_log_partition(name::regclass);
    END LOOP;
    IF has_rows THEN
        -- `*`, so that columns of later migrations are copied, too.
        INSERT INTO email_provisioning_log OVERRIDING SYSTEM VALUE
            SELECT * FROM email_provisioning_log_former_default;
        IF EXISTS (SELECT * FROM email_provisioning_log_former_default EXCEPT ALL
                   SELECT * FROM email_provisioning_log
                   WHERE created_at >= (SELECT min(created_at) FROM email_provisioning_log_former_default)) THEN
            RAISE EXCEPTION 'rows of email_provisioning_log_default were not copied as they are; nothing was changed';
        END IF;
        DROP TABLE email_provisioning_log_former_default;
    END IF;
    RETURN cardinality(missing);
END $$;

INSERT INTO schema_history (revision, oldest_code) VALUES ('0004', '0003');
