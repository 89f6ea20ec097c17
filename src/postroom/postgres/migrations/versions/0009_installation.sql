-- Code before this revision reads and writes `postroom_facts`: the view lets it run on until the next release drops it.
ALTER TABLE postroom_facts RENAME TO installation;
CREATE VIEW postroom_facts AS SELECT name, value FROM installation;

INSERT INTO schema_history (revision, oldest_code) VALUES ('0009', '0003');
