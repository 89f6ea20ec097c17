-- In what an identity, as it was read, differs from its mailbox. This version shows them, and acts on none.
-- seen: what the identity says, such as its address. version: the newest of the identity that was read since then. read_at: when
-- the read began that last changed the row; an older read changes nothing. pass: the start of the last pass that did not list an
-- absent identity, passes: the number of whole ones.
CREATE TABLE doubts (
    identity_id uuid NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('rename', 'name', 'inactive', 'address', 'older', 'absent')),
    seen        text,
    version     timestamptz,
    found_by    text NOT NULL CHECK (found_by IN ('sweep', 'hook')),
    since       timestamptz NOT NULL DEFAULT now(),
    read_at     timestamptz NOT NULL DEFAULT now(),
    pass        timestamptz,
    passes      smallint NOT NULL DEFAULT 0,
    PRIMARY KEY (identity_id, kind)
);
CREATE INDEX doubts_kind ON doubts (kind);

-- Of the pass under way, and of the last whole one (domain/brake.py).
ALTER TABLE identity_sweep ADD COLUMN census jsonb, ADD COLUMN counted jsonb;

-- What older code noted. It may go on writing the column, which newer code does not read: each pass compares anew.
INSERT INTO doubts (identity_id, kind, seen, found_by, since)
SELECT identity_id, 'rename', wanted_email, 'sweep', now()
FROM email_requests WHERE wanted_email IS NOT NULL AND state <> 'dead' LIMIT 10000;

INSERT INTO schema_history (revision, oldest_code) VALUES ('0013', '0011');
