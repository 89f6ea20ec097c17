-- The requests, one row per identity. The row holds the state of the request and is its lock.
CREATE TABLE email_requests (
    identity_id     uuid PRIMARY KEY,
    email           text NOT NULL,
    wanted_email    text,
    display_name    text,
    state           text NOT NULL CHECK (state IN ('waiting', 'running', 'provisioned', 'dead')),
    due_at          timestamptz,
    holder          uuid,
    attempts        integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    retries         integer NOT NULL DEFAULT 0 CHECK (retries BETWEEN 0 AND 3),
    crashes         integer NOT NULL DEFAULT 0 CHECK (crashes BETWEEN 0 AND 3),
    outcome_unknown boolean NOT NULL DEFAULT false,
    enqueued_at     timestamptz NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    last_error      text,
    reason          text,
    -- A waiting or running request has a due time, a running one a holder, and a dead one a reason.
    CHECK ((state IN ('waiting', 'running')) = (due_at IS NOT NULL)),
    CHECK ((state = 'running') = (holder IS NOT NULL)),
    CHECK ((state = 'dead') = (reason IS NOT NULL))
) WITH (fillfactor = 80);

-- With identity_id, so that all waiting requests can be read page by page.
CREATE INDEX email_requests_due ON email_requests (due_at, identity_id) WHERE state IN ('waiting', 'running');
-- Reserves the address of a request until the request is dead.
CREATE UNIQUE INDEX email_requests_address ON email_requests (email) WHERE state <> 'dead';
CREATE INDEX email_requests_dead ON email_requests (enqueued_at) WHERE state = 'dead';
CREATE INDEX email_requests_by_email ON email_requests (email);
CREATE INDEX email_requests_drift ON email_requests (enqueued_at) WHERE wanted_email IS NOT NULL;

CREATE TABLE email_accounts (
    id                  uuid PRIMARY KEY,
    kratos_identity_id  uuid NOT NULL UNIQUE,
    email               text NOT NULL,
    stalwart_account_id text NOT NULL,
    created_at          timestamptz NOT NULL DEFAULT now()
);

-- The audit. Append-only. Partitioned by month, so that an old month can be archived with DETACH PARTITION.
CREATE TABLE email_provisioning_log (
    id                  bigint GENERATED ALWAYS AS IDENTITY,
    kratos_identity_id  uuid,
    email               text,
    action              text NOT NULL,
    status              text NOT NULL,
    attempt_count       integer NOT NULL,
    error_message       text,
    holder              uuid,
    stalwart_account_id text,
    actor               text,
    trigger_id          text,
    request_id          text,
    traceparent         text,
    created_at          timestamptz NOT NULL DEFAULT clock_timestamp()
) PARTITION BY RANGE (created_at);

CREATE INDEX email_provisioning_log_identity ON email_provisioning_log (kratos_identity_id, created_at);

CREATE FUNCTION refuse_to_change_the_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'email_provisioning_log is append-only: % refused', TG_OP
        USING ERRCODE = 'insufficient_privilege', HINT = 'Archive whole months by ALTER TABLE … DETACH PARTITION.';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON email_provisioning_log
    FOR EACH ROW EXECUTE FUNCTION refuse_to_change_the_log();
-- ALWAYS: otherwise a session with session_replication_role = replica would bypass the trigger.
ALTER TABLE email_provisioning_log ENABLE ALWAYS TRIGGER append_only;
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON email_provisioning_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_log();
ALTER TABLE email_provisioning_log ENABLE ALWAYS TRIGGER never_truncated;

-- A partition inherits the row trigger, with its ALWAYS, but no TRUNCATE trigger: each gets one of its own.
CREATE FUNCTION guard_log_partition(partition regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER never_truncated BEFORE TRUNCATE ON %s
                    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_log()', partition);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER never_truncated', partition);
END $$;

CREATE FUNCTION extend_log(months integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    month timestamptz;
    name  text;
    made  integer := 0;
BEGIN
    FOR i IN 0..months LOOP
        -- In UTC: in a time zone with daylight saving time the partitions would overlap.
        month := (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => i)) AT TIME ZONE 'UTC';
        name := 'email_provisioning_log_' || to_char(month AT TIME ZONE 'UTC', 'YYYY_MM');
        IF to_regclass(name) IS NULL THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF email_provisioning_log FOR VALUES FROM (%L) TO (%L)',
                           name, month, (month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC');
            PERFORM guard_log_partition(name::regclass);
            made := made + 1;
        END IF;
    END LOOP;
    RETURN made;
END $$;

-- Holds rows whose month has no partition: the clock is wrong, or nobody ran `postroom migrate` for two years.
-- `postroom check` warns when it holds any.
CREATE TABLE email_provisioning_log_default PARTITION OF email_provisioning_log DEFAULT;
SELECT guard_log_partition('email_provisioning_log_default');
SELECT extend_log(24);

-- One row that all processes share, so that only one of them probes at a time.
CREATE TABLE mail_server_breaker (
    singleton  boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    open       boolean NOT NULL DEFAULT false,
    cause      text NOT NULL DEFAULT 'outage' CHECK (cause IN ('outage', 'misconfigured', 'unauthorized')),
    error      text,
    changed_at timestamptz NOT NULL DEFAULT now(),
    interval_s double precision NOT NULL DEFAULT 5,
    probe_at   timestamptz,
    CHECK (open = (probe_at IS NOT NULL))
) WITH (fillfactor = 50);
INSERT INTO mail_server_breaker DEFAULT VALUES;

-- The position of the sweep of identities. `token` is NULL between two passes.
CREATE TABLE identity_sweep (
    singleton  boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    token      text,
    due_at     timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);
INSERT INTO identity_sweep DEFAULT VALUES;

-- Values that must not change after their first use (POSTROOM_MARK_DOMAIN).
CREATE TABLE postroom_facts (
    name  text PRIMARY KEY,
    value text NOT NULL
);
