-- waits_for: the cause whose end releases a waiting request before its due time: NULL (only the due time counts),
-- 'outage' or 'misconfigured' (both end when the breaker closes), or 'domain:NAME'.
ALTER TABLE email_requests
    ADD COLUMN waits_for text,
    -- Consecutive refusals that only an operator can remedy. Their number determines the delay; no retry is used up.
    ADD COLUMN postponed integer NOT NULL DEFAULT 0 CHECK (postponed >= 0),
    ADD CHECK (waits_for IS NULL OR state = 'waiting'),
    -- No upper limit any more: crashes never make a dead letter.
    DROP CONSTRAINT email_requests_crashes_check,
    ADD CONSTRAINT email_requests_crashes_check CHECK (crashes >= 0);
-- For the alert PostroomCrashing: requests whose attempts keep ending without an outcome.
CREATE INDEX email_requests_crashing ON email_requests (crashes) WHERE crashes >= 3;
CREATE INDEX email_requests_waits_for ON email_requests (waits_for, enqueued_at) WHERE waits_for IS NOT NULL;

-- A mailbox that was created after a request began to wait for its domain shows that the domain works again.
CREATE INDEX email_accounts_domain ON email_accounts (split_part(email, '@', 2), created_at);
CREATE TABLE resumed_domains (
    domain     text PRIMARY KEY,
    resumed_at timestamptz NOT NULL DEFAULT now(),
    actor      text NOT NULL
);

ALTER TABLE mail_server_breaker
    DROP CONSTRAINT mail_server_breaker_cause_check,
    ADD CONSTRAINT mail_server_breaker_cause_check
        CHECK (cause IN ('outage', 'misconfigured', 'unauthorized', 'paused'));

-- started_at: start of the current pass; finished_at: end of the last complete pass.
ALTER TABLE identity_sweep
    ADD COLUMN started_at timestamptz,
    ADD COLUMN finished_at timestamptz;

-- Why an identity was refused, as a code for programs. The message for the person is chosen by this code, too.
ALTER TABLE email_provisioning_log ADD COLUMN code text;
CREATE INDEX email_provisioning_log_refused ON email_provisioning_log (created_at) WHERE action = 'refuse';

-- For each revision of the schema, the oldest code that may still run on it. Code is identified by its newest
-- migration.
CREATE TABLE schema_history (
    revision    text PRIMARY KEY,
    oldest_code text NOT NULL,
    migrated_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO schema_history (revision, oldest_code) VALUES ('0003', '0003');
