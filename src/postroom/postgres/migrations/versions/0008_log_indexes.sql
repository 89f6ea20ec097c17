-- Months with rows have these indexes already; they are attached. Empty months get them here.
-- The first has the rows that may name an address which the identity no longer has: an identity with a mailbox keeps its
-- address. So it costs nothing when a webhook is answered.
CREATE INDEX email_provisioning_log_email ON email_provisioning_log (lower(btrim(email)))
    WHERE status NOT IN ('pending', 'success');
CREATE INDEX email_provisioning_log_time ON email_provisioning_log (created_at);

INSERT INTO schema_history (revision, oldest_code) VALUES ('0008', '0003');
