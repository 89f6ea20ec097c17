INSERT INTO schema_history (revision, oldest_code) VALUES ('0004', '0003');
