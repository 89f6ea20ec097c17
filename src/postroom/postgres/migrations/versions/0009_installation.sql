-- Code from before this revision reads and writes `postroom_facts`. The view lets it continue. The next release
-- drops the view.
ALTER TABLE postroom_facts RENAME TO installation;
CREATE VIEW postroom_facts AS SELECT name, value FROM installation;

INSERT INTO schema_history (revision, oldest_code) VALUES ('0009', '0003');
