INSERT INTO schema_history (revision, oldest_code) VALUES ('0006', '0003');
