-- What a waiting request waits for, beside its due time and never instead of it: NULL (its own back-off), 'outage',
-- 'misconfigured' (both end when the breaker closes), or 'domain:NAME'.
ALTER TABLE email_requests
    ADD COLUMN waits_for text,
    -- refusals in a row that only an operator can end; they set how long it waits, and spend no retry
    ADD COLUMN postponed integer NOT NULL DEFAULT 0 CHECK (postponed >= 0),
    ADD CHECK (waits_for IS NULL OR state = 'waiting'),
    -- A lease that ends without an outcome buries nobody, however often.
    DROP CONSTRAINT email_requests_crashes_check,
    ADD CONSTRAINT email_requests_crashes_check CHECK (crashes >= 0);
-- For the alarm: whatever runs them, they end without an outcome.
CREATE INDEX email_requests_crashing ON email_requests (crashes) WHERE crashes >= 3;
CREATE INDEX email_requests_waits_for ON email_requests (waits_for, enqueued_at) WHERE waits_for IS NOT NULL;

-- A mailbox of a domain that was made later than a request began to wait for that domain shows that it is there again.
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

-- How old the last whole pass is, and since when the one under way runs.
ALTER TABLE identity_sweep
    ADD COLUMN started_at timestamptz,
    ADD COLUMN finished_at timestamptz;

-- Why an identity was refused, as a short word for programs, and for the words that a person is shown.
ALTER TABLE email_provisioning_log ADD COLUMN code text;
CREATE INDEX email_provisioning_log_refused ON email_provisioning_log (created_at) WHERE action = 'refuse';

-- Each migration tells the oldest code that may still run on it, by the newest migration that such code brings.
CREATE TABLE schema_history (
    revision    text PRIMARY KEY,
    oldest_code text NOT NULL,
    migrated_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO schema_history (revision, oldest_code) VALUES ('0003', '0003');
