-- Partitions that hold rows have these indexes already, which are attached here; empty partitions get them here.
-- The first index omits 'pending' and 'success', so that answering a webhook does not have to update it. The rows it
-- holds may name an address that the identity no longer has; an identity with a mailbox keeps its address.
CREATE INDEX email_provisioning_log_email ON email_provisioning_log (lower(btrim(email)))
    WHERE status NOT IN ('pending', 'success');
CREATE INDEX email_provisioning_log_time ON email_provisioning_log (created_at);

INSERT INTO schema_history (revision, oldest_code) VALUES ('0008', '0003');
