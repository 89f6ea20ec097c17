-- After a 429 with Retry-After: workers claim nothing until then.
ALTER TABLE mail_server_breaker ADD COLUMN slow_until timestamptz;

INSERT INTO schema_history (revision, oldest_code) VALUES ('0012', '0011');
