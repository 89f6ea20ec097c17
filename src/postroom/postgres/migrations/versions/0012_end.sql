-- Writers are not blocked while the rows are read.
ALTER TABLE email_accounts VALIDATE CONSTRAINT email_accounts_state_check;
ALTER TABLE email_requests VALIDATE CONSTRAINT email_requests_step_check;
-- Until PostgreSQL has counted the rows, it may read the whole table for one address.
ANALYZE addresses;

INSERT INTO schema_history (revision, oldest_code) VALUES ('0012', '0011');
