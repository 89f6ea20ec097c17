INSERT INTO schema_history (revision, oldest_code) VALUES ('0005', '0003');
