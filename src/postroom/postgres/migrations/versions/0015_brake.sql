-- One row, whose lock orders all that lets somebody through. closed: the kinds of which nobody is let through, each with why.
-- judged_at: when the last whole pass was judged; until the first one nobody is let through.
CREATE TABLE brake (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    closed    jsonb NOT NULL DEFAULT '{}',
    judged_at timestamptz
);
INSERT INTO brake DEFAULT VALUES;

-- accepted_at: when an operator accepted the next change of this kind, which is not counted. at: NULL before that.
ALTER TABLE let_through ALTER COLUMN at DROP NOT NULL, ALTER COLUMN at DROP DEFAULT, ADD COLUMN accepted_at timestamptz;

INSERT INTO schema_history (revision, oldest_code) VALUES ('0015', '0012');
